import { sql } from 'drizzle-orm';
import { userUpdates } from '../../drizzle/schema/user-updates.ts';
import type { Pool } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

/** How many requests of one state there are, and how long the oldest of them has been there. */
export interface UnsettledUpdates {
  readonly state: 'pending' | 'sending';
  readonly count: number;
  readonly oldestAgeSeconds: number;
}

const COUNT = defineStatement(
  'count unsettled requests',
  sql`
  select ${userUpdates.state}, count(*)::int as count,
    greatest(0, extract(epoch from now() - min(${userUpdates.created_at})))::float8 as oldest_age_seconds
  from ${userUpdates} where ${userUpdates.state} in ('pending', 'sending')
  group by ${userUpdates.state}`,
);

/** Counts the requests that are not settled, from the index that holds no others. */
export async function countUnsettledUpdates(pool: Pool): Promise<UnsettledUpdates[]> {
  const rows = await pool.withTransaction((session) =>
    session.run<{ state: UnsettledUpdates['state']; count: number; oldest_age_seconds: number }>(COUNT),
  );
  return rows.map(({ state, count, oldest_age_seconds: age }) => ({ state, count, oldestAgeSeconds: Number(age) }));
}
