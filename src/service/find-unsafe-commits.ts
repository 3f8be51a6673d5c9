import type { Pool } from '../db/pool.ts';
import { readUnsafeSettings } from '../db/read-unsafe-settings.ts';
import type { Logger } from '../log/logger.ts';

/**
 * Finds out whether this server can lose a commit in a power failure: an event would be lost although Clerk was told that it
 * is stored. It warns of settings that only the owner of the server can change.
 *
 * @returns true if commits are not synchronous, which each transaction can change for itself.
 */
export async function findUnsafeCommits(pool: Pool, logger: Logger): Promise<boolean> {
  const names = await pool.withTransaction(readUnsafeSettings);
  for (const name of names.filter((unsafe) => unsafe !== 'synchronous_commit')) {
    logger.warn({ name }, 'this setting of Postgres is off: a crash can lose events that were already acknowledged');
  }
  return names.includes('synchronous_commit');
}
