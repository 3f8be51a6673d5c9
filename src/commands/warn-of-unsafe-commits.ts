import type { Pool } from '../db/pool.ts';
import type { Logger } from '../logger.ts';

const SETTINGS = `
  select name, setting from pg_settings
  where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off' order by name`;

/**
 * Warns of a server on which a commit may be lost with the power: then Clerk was told that an event is kept, and it is
 * not.
 */
export async function warnOfUnsafeCommits(pool: Pool, logger: Logger): Promise<void> {
  const unsafe = await pool.withSession((session) => session.run<{ name: string; setting: string }>(SETTINGS));
  for (const { name, setting } of unsafe) {
    logger.warn(
      { name, setting },
      'this Postgres can lose commits in a crash: events acknowledged just before it are lost',
    );
  }
}
