import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { type RunState, runStates } from '../../drizzle/schema/codes.ts';
import { replayRuns } from '../../drizzle/schema/runs.ts';
import type { Session } from '../db/pool.ts';
import { literal } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

/** The replay runs in one state. */
export interface ReplayProgress {
  readonly state: RunState;
  readonly runs: number;
  /** How many letters their filters name. */
  readonly letters: number;
  /** How many of these have been replayed, with every kind of outcome. */
  readonly settled: number;
}

const r = alias(replayRuns, 'r');

const COUNT = defineStatement(
  'count replay runs by state',
  sql`
  select states.state, count(${r.run_id})::int as runs, coalesce(sum(${r.letters}), 0)::float8 as letters,
    coalesce(sum(${r.applied} + ${r.stale} + ${r.duplicate} + ${r.ignored} + ${r.dead_letters}), 0)::float8 as settled
  from unnest(array[${sql.join(runStates.map(literal), sql`, `)}]) with ordinality as states (state, place)
  left join ${replayRuns} as r on ${r.state} = states.state
  group by states.state, states.place order by states.place`,
);

/** Counts the replay runs, one row for each state. */
export function countReplayRuns(session: Session): Promise<ReplayProgress[]> {
  return session.run<ReplayProgress>(COUNT);
}
