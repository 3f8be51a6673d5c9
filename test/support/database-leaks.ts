import { setTimeout as delay } from 'node:timers/promises';
import type postgres from 'postgres';

/** How long a connection that was closed may take to vanish from the server's list. */
const GRACE_MS = 3000;

/**
 * What is left open in the test's database, one line each: connections that are not the test's own, and the test's own
 * if they sit in a transaction. Empty when all is well; asks again for a while before it complains.
 */
export async function findLeaks({ sql }: { sql: postgres.Sql }): Promise<string[]> {
  for (const deadline = Date.now() + GRACE_MS; ; await delay(20)) {
    const sessions = await sql<{ line: string }[]>`
      select format('%s: %s, %s', application_name, state, left(query, 100)) as line
      from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
        and (application_name <> 'test' or state like 'idle in transaction%')
      order by backend_start`;
    if (sessions.length === 0 || Date.now() > deadline) return sessions.map(({ line }) => line);
  }
}
