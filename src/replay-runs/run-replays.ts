import { type AdvisoryLock, withAdvisoryLock } from '../db/advisory-lock.ts';
import { DatabaseUnavailableError, findBlame } from '../db/errors/database-errors.ts';
import type { Session } from '../db/pool.ts';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { findLetterIds } from '../dead-letters/find-dead-letters.ts';
import type { SettleOptions } from '../sync/settle-batch.ts';
import { describeFailure } from '../walk/describe-failure.ts';
import { pause } from '../walk/pause.ts';
import { findRunningIds, getReplayRun } from './find-replay-runs.ts';
import { checkpointReplay, failReplay, finishReplay } from './record-replay.ts';
import type { ReplayRun } from './replay-run.ts';
import { findUndecided, type ReplayScene, replayTurn } from './replay-turn.ts';

/** What working on runs needs. */
export interface RunScene extends ReplayScene {
  readonly target: DatabaseTarget;
}

/** How often it is looked for a run that was started meanwhile. */
const LOOK_MS = 500;

/**
 * Works on all running runs until there is none. One process does so at a time. If it is killed, its lock ends with its
 * connection, and the next process continues after the last letter that was committed.
 *
 * @returns false if another process is at it.
 * @throws {DatabaseUnavailableError}
 */
export async function runReplays(scene: RunScene): Promise<boolean> {
  const locked = await withAdvisoryLock({ target: scene.target, name: 'replay' }, (lock) => workOnRuns(scene, lock));
  return locked.held;
}

/** Each run has its turn when its own rate allows the next letters. */
async function workOnRuns(scene: RunScene, lock: AdvisoryLock): Promise<void> {
  const { settle, signal } = scene;
  const dueAt = new Map<string, number>();
  const findWait = (runId: string) => Math.max(0, (dueAt.get(runId) ?? 0) - performance.now());
  while (!signal.aborted) {
    await lock.assertHeld();
    const runIds = await settle.pool.withTransaction(findRunningIds);
    if (runIds.length === 0) return;
    for (const runId of runIds.filter((id) => findWait(id) === 0)) {
      const waitMs = signal.aborted ? 0 : await takeTurn(scene, runId);
      dueAt.set(runId, performance.now() + waitMs);
    }
    await pause(Math.min(LOOK_MS, ...runIds.map(findWait)), signal);
  }
}

/** @returns how long the run has to wait for its next turn. */
async function takeTurn(scene: RunScene, runId: string): Promise<number> {
  const { settle } = scene;
  let isOver = false;
  const checkpoint: SettleOptions['afterApply'] = async (session, applied) => {
    isOver = !(await checkpointReplay(session, runId, applied));
    if (isOver)
      throw new DatabaseUnavailableError(`The replay run ${runId} has ended, or another process continues it.`);
  };
  try {
    const run = await settle.pool.withTransaction((session) => getReplayRun(session, runId));
    const limit = run.max_per_second ?? Number.POSITIVE_INFINITY;
    const turn = await replayTurn({ ...settle, afterApply: checkpoint }, (session, most) =>
      findNext(session, run, Math.min(most, limit)),
    );
    const undecided = findUndecided(turn);
    if (undecided !== undefined) await fail(scene, runId, undecided);
    else if (turn.entries.length === 0) await tellEnd(scene, runId);
    return Math.max(turn.restMs, (turn.entries.length / limit) * 1000 - turn.tookMs);
  } catch (failure) {
    if (isOver) return 0;
    if (findBlame(failure) === 'moment') throw failure;
    await fail(scene, runId, { failure, ids: [] });
    return 0;
  }
}

/** Ends the run, in the same transaction, if there are no further letters. */
async function findNext(session: Session, run: ReplayRun, limit: number): Promise<string[]> {
  const { checkpoint_failed_at: firstFailedAt, checkpoint_message_id: messageId } = run;
  const after = firstFailedAt === null || messageId === null ? {} : { after: { firstFailedAt, messageId } };
  const ids = await findLetterIds(session, { ...run.filter, ...after, limit });
  if (ids.length === 0) finishReplay(session, run.run_id);
  return ids;
}

async function fail(
  { settle, log }: RunScene,
  runId: string,
  { failure, ids: [messageId] }: { readonly failure: unknown; readonly ids: readonly string[] },
): Promise<void> {
  const why = describeFailure(failure);
  const error = messageId === undefined ? why : `The dead letter ${messageId} could not be decided: ${why}`;
  await settle.pool.withTransaction(async (session) => failReplay(session, runId, error));
  log.error({ run_id: runId, message_id: messageId, err: failure }, 'replay run failed');
}

/** A turn that found no letter may also have found only letters that somebody else has resolved in the same moment. */
async function tellEnd({ settle, log }: RunScene, runId: string): Promise<void> {
  const run = await settle.pool.withTransaction((session) => getReplayRun(session, runId));
  if (run.state !== 'finished') return;
  const { letters, applied, stale, duplicate, ignored, dead_letters } = run;
  log.info({ run_id: runId, letters, applied, stale, duplicate, ignored, dead_letters }, 'replay run finished');
}
