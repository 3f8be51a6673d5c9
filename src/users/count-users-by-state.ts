import { sql } from 'drizzle-orm';
import { users } from '../../drizzle/schema/users.ts';
import type { Pool } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

/** How many users there are in one state. */
export interface UsersInState {
  readonly state: string;
  readonly count: number;
}

/** It reads the whole table, and deliveries must not wait for long, even if the pool has one connection. */
const TIME_LIMIT_MS = 5000;

/** Each user counts once. Those who may not sign in come before those who may. */
const COUNT = defineStatement(
  'count users by state',
  sql`
  select state, count(users.state)::int as count
  from unnest(array['live', 'locked', 'banned', 'deprovisioned', 'deleted']) with ordinality as states (state, place)
  left join (
    select case
      when ${users.deleted_at} is not null then 'deleted'
      when ${users.deprovisioned} then 'deprovisioned'
      when ${users.banned} then 'banned'
      when ${users.locked} then 'locked'
      else 'live' end as state
    from ${users}
  ) users using (state)
  group by state, place order by place`,
);

/** Counts users by state, for the metrics. It fails if that takes longer than five seconds. */
export function countUsersByState(pool: Pool): Promise<UsersInState[]> {
  return pool.withTransaction((session) => session.run<UsersInState>(COUNT), { timeoutMs: TIME_LIMIT_MS });
}
