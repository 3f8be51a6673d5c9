import type { Pool } from '../db/pool.ts';

/** How many users there are in one state. */
export interface UsersInState {
  readonly state: string;
  readonly count: number;
}

/** Reads the whole table: deliveries must not wait for long, also where the pool has one connection. */
const TIME_LIMIT_MS = 5000;

/** Each user counts once. Those who may not sign in come before those who may. */
const STATEMENT = `
  select state, count(users.state)::int as count
  from unnest(array['live', 'locked', 'banned', 'deprovisioned', 'deleted']) with ordinality as states (state, place)
  left join (
    select case
      when deleted_at is not null then 'deleted'
      when deprovisioned then 'deprovisioned'
      when banned then 'banned'
      when locked then 'locked'
      else 'live' end as state
    from clerk.users
  ) users using (state)
  group by state, place order by place`;

/** Counts users by state; for the metrics. It fails where that takes longer than five seconds. */
export function countUsers(pool: Pool): Promise<UsersInState[]> {
  return pool.withTransaction(
    async (session) => {
      await session.run(`select set_config('statement_timeout', $1, true)`, [String(TIME_LIMIT_MS)]);
      return session.run<UsersInState>(STATEMENT);
    },
    { timeoutMs: TIME_LIMIT_MS + 1000 },
  );
}
