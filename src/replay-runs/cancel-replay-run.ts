import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { replayRuns } from '../../drizzle/schema/runs.ts';
import type { Session } from '../db/pool.ts';
import { nameOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { getReplayRun } from './find-replay-runs.ts';

const r = alias(replayRuns, 'r');

const CANCEL = defineStatement(
  'cancel a replay run',
  sql`
  update ${replayRuns} as r set ${nameOf(r.state)} = 'stopped', ${nameOf(r.stopped_by)} = $2,
    ${nameOf(r.finished_at)} = now(), ${nameOf(r.updated_at)} = now()
  where ${r.run_id} = $1 and ${r.state} = 'running'
  returning ${r.run_id}`,
);

/**
 * Ends a run. After the commit no further letter of it is replayed. What it has replayed stays replayed.
 *
 * @param by who cancels it.
 * @returns false if it was not running.
 * @throws {OperatorError} if there is no such run.
 */
export async function cancelReplayRun(session: Session, runId: string, by: string): Promise<boolean> {
  await getReplayRun(session, runId);
  const cancelled = await session.run(CANCEL, [runId, by]);
  return cancelled.length > 0;
}
