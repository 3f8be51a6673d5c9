import { getTableColumns, type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { replayRuns } from '../../drizzle/schema/runs.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { makeQuery } from '../db/sql/make-query.ts';
import { readRow, selectReadable } from '../db/sql/readable.ts';
import { OperatorError } from '../errors.ts';
import type { ReplayRun } from './replay-run.ts';

/** Which runs. */
export interface ReplayRunsPage {
  readonly limit: number;
  /** The id of the last run of the page before. */
  readonly before?: string;
}

const last = alias(replayRuns, 'last');

/** Lists runs, the newest first. */
export function findReplayRuns(session: Session, { limit, before }: ReplayRunsPage): Promise<ReplayRun[]> {
  const { started_at, run_id } = replayRuns;
  const position = sql`(select ${last.started_at}, ${last.run_id} from ${replayRuns} as last where ${last.run_id} = ${before ?? null})`;
  return findRuns(
    session,
    sql`
  ${before === undefined ? sql`` : sql`where (${started_at}, ${run_id}) < ${position}`}
  order by ${started_at} desc, ${run_id} desc limit ${limit}`,
  );
}

/** @throws {OperatorError} if there is no run with this id. */
export async function getReplayRun(session: Session, runId: string): Promise<ReplayRun> {
  const [run] = await findRuns(session, sql`where ${replayRuns.run_id} = ${runId}`);
  if (run !== undefined) return run;
  throw new OperatorError('replay_run_not_found', `There is no replay run with the id ${runId}.`, {
    hint: 'The table replay_runs has a row for each run.',
  });
}

const FIND_RUNNING = defineStatement(
  'find running replay runs',
  sql`
  select ${replayRuns.run_id} from ${replayRuns} where ${replayRuns.state} = 'running' order by ${replayRuns.started_at}`,
);

/** The ids of the runs that are to be worked on, the oldest run first. */
export async function findRunningIds(session: Session): Promise<string[]> {
  return (await session.run<{ run_id: string }>(FIND_RUNNING)).map((row) => row.run_id);
}

async function findRuns(session: Session, clauses: SQL): Promise<ReplayRun[]> {
  const query = sql`select ${selectReadable(Object.values(getTableColumns(replayRuns)))} from ${replayRuns} ${clauses}`;
  const rows = await session.run<ReplayRun>(makeQuery(query));
  return rows.map((row) => readRow(replayRuns, row));
}
