import type { Pool } from '../db/pool.ts';

const STATEMENT = `
  select reason, count(*)::int as count from clerk.dead_letters where state = 'open' group by reason order by reason`;

/** How many dead letters wait for an operator, by reason; for the metrics, so it gives up after two seconds. */
export function countOpenDeadLetters(pool: Pool): Promise<{ reason: string; count: number }[]> {
  return pool.withSession((session) => session.run(STATEMENT), { timeoutMs: 2000 });
}
