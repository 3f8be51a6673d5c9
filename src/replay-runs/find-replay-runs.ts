import type { Session } from '../db/pool.ts';
import type { ReplayRun } from './replay-run.ts';

/** Which runs. */
export interface ReplayRunsPage {
  readonly limit: number;
  /** The id of the last run of the page before. */
  readonly before?: string;
}

/** Lists runs, the newest first. */
export async function findReplayRuns(session: Session, page: ReplayRunsPage): Promise<ReplayRun[]> {
  throw new Error(`Not written yet: ${JSON.stringify({ session, page })}`);
}

/** @throws {OperatorError} if there is no run with this id. */
export async function getReplayRun(session: Session, runId: string): Promise<ReplayRun> {
  throw new Error(`Not written yet: ${JSON.stringify({ session, runId })}`);
}
