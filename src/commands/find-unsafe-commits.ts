import type { Pool } from '../db/pool.ts';
import type { Logger } from '../logger.ts';

const SETTINGS = `
  select name from pg_settings
  where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off' order by name`;

/**
 * Finds out whether this server would let a commit be lost with the power: then Clerk was told that an event is kept,
 * and it is not. What only the server's owner can set right is warned of.
 *
 * @returns true where commits are not synchronous, which each transaction can set right for itself.
 */
export async function findUnsafeCommits(pool: Pool, logger: Logger): Promise<boolean> {
  const rows = await pool.withSession((session) => session.run<{ name: string }>(SETTINGS));
  const names = rows.map(({ name }) => name);
  for (const name of names.filter((unsafe) => unsafe !== 'synchronous_commit')) {
    logger.warn({ name }, 'this setting of Postgres is off: a crash can lose events that were acknowledged before it');
  }
  return names.includes('synchronous_commit');
}
