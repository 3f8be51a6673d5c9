import type { Pool } from '../db/pool.ts';
import { readUnsafeSettings } from '../db/read-unsafe-settings.ts';
import type { Logger } from '../log/logger.ts';

/**
 * Finds out whether this server would let a commit be lost with the power: then Clerk was told that an event is kept,
 * and it is not. What only the server's owner can set right is warned of.
 *
 * @returns true where commits are not synchronous, which each transaction can set right for itself.
 */
export async function findUnsafeCommits(pool: Pool, logger: Logger): Promise<boolean> {
  const names = await pool.withTransaction(readUnsafeSettings);
  for (const name of names.filter((unsafe) => unsafe !== 'synchronous_commit')) {
    logger.warn({ name }, 'this setting of Postgres is off: a crash can lose events that were acknowledged before it');
  }
  return names.includes('synchronous_commit');
}
