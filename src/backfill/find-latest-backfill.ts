import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { RunState } from '../../drizzle/schema/codes.ts';
import { backfillRuns } from '../../drizzle/schema/runs.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

/** How far the latest backfill is, whoever runs it. */
export interface LatestBackfill {
  readonly state: RunState;
  readonly applied: number;
  readonly stale: number;
  readonly deadLetters: number;
  /** How many users Clerk counted when the run began. Null: it did not say. */
  readonly expectedUsers: number | null;
  /** When a page of it was last committed, in Unix seconds. */
  readonly updatedAt: number;
}

const b = alias(backfillRuns, 'b');

const FIND = defineStatement(
  'find how far the latest backfill is',
  sql`
  select ${b.state}, ${b.applied}::float8 as applied, ${b.stale}::float8 as stale,
    ${b.dead_letters}::float8 as "deadLetters", ${b.expected_users}::float8 as "expectedUsers",
    extract(epoch from ${b.updated_at})::float8 as "updatedAt"
  from ${backfillRuns} as b order by ${b.started_at} desc, ${b.run_id} desc limit 1`,
);

/** Undefined: there was never one. */
export async function findLatestBackfill(session: Session): Promise<LatestBackfill | undefined> {
  return (await session.run<LatestBackfill>(FIND))[0];
}
