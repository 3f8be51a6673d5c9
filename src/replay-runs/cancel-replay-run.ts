import type { Session } from '../db/pool.ts';

/**
 * Ends a run. What it has replayed stays so.
 *
 * @param by who cancels it.
 * @returns false if it was not running.
 * @throws {OperatorError} if there is no such run.
 */
export async function cancelReplayRun(session: Session, runId: string, by: string): Promise<boolean> {
  throw new Error(`Not written yet: ${JSON.stringify({ session, runId, by })}`);
}
