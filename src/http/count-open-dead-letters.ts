import type { Pool } from '../db/pool.ts';

/** The dead letters of one reason that wait for an operator. */
export interface OpenDeadLetters {
  readonly reason: string;
  readonly count: number;
  /** Since the first of them failed, by the database's clock. */
  readonly oldestAgeSeconds: number;
}

const STATEMENT = `
  select reason, count(*)::int as count,
    extract(epoch from now() - min(first_failed_at))::float8 as "oldestAgeSeconds"
  from clerk.dead_letters where state = 'open' group by reason order by reason`;

/** What waits for an operator, by reason; for the metrics, so it gives up after two seconds. */
export function countOpenDeadLetters(pool: Pool): Promise<OpenDeadLetters[]> {
  return pool.withTransaction((session) => session.run<OpenDeadLetters>(STATEMENT), { timeoutMs: 2000 });
}
