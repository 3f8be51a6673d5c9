import { type AdvisoryLock, withAdvisoryLock } from '../db/advisory-lock.ts';
import { DatabaseUnavailableError, findBlame } from '../db/errors/database-errors.ts';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { type SettleOptions, settleEach } from '../sync/settle-batch.ts';
import { describeFailure } from '../walk/describe-failure.ts';
import { pause } from '../walk/pause.ts';
import { findRunningIds, getReplayRun } from './find-replay-runs.ts';
import { createRunReader, type RunReader } from './read-run.ts';
import { checkpointReplay, failReplay, finishReplay } from './record-replay.ts';
import type { ReplayRun } from './replay-run.ts';
import { findUndecided, REPLAY_TIMEOUT_MS, type ReplayScene } from './replay-scene.ts';

/** What working on runs needs. */
export interface ReplayRunsScene extends ReplayScene {
  readonly target: DatabaseTarget;
}

/** A run that this process works on. */
interface RunUnderWay {
  readonly reader: RunReader;
  /** By the clock of this process. */
  dueAt: number;
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
export async function runReplays(scene: ReplayRunsScene): Promise<boolean> {
  const locked = await withAdvisoryLock({ target: scene.target, name: 'replay' }, (lock) => workOnRuns(scene, lock));
  return locked.held;
}

/** Each run has its turn when its own rate allows the next letters. */
async function workOnRuns(scene: ReplayRunsScene, lock: AdvisoryLock): Promise<void> {
  const { settle, signal } = scene;
  const underWay = new Map<string, RunUnderWay>();
  while (!signal.aborted) {
    await lock.assertHeld();
    const runIds = await settle.pool.withTransaction(findRunningIds);
    if (runIds.length === 0) return;
    const waits: number[] = [];
    for (const runId of runIds) {
      const run = underWay.get(runId) ?? { reader: createRunReader(settle.pool), dueAt: 0 };
      underWay.set(runId, run);
      if (run.dueAt <= performance.now() && !signal.aborted) {
        run.dueAt = performance.now() + (await takeTurn(scene, runId, run.reader));
      }
      waits.push(run.dueAt - performance.now());
    }
    await pause(Math.max(0, Math.min(LOOK_MS, ...waits)), signal);
  }
}

/** @returns how long the run has to wait for its next turn. */
async function takeTurn(scene: ReplayRunsScene, runId: string, reader: RunReader): Promise<number> {
  const { pool } = scene.settle;
  const startedAt = performance.now();
  let isOver = false;
  const afterApply: SettleOptions['afterApply'] = async (session, applied) => {
    isOver = !(await checkpointReplay(session, runId, applied));
    if (isOver)
      throw new DatabaseUnavailableError(`The replay run ${runId} has ended, or another process continues it.`);
  };
  try {
    const run = await pool.withTransaction((session) => getReplayRun(session, runId));
    const { entries, rest, isLast } = await reader.read(run);
    if (isLast) return await finish(scene, run);
    const results = await settleEach({ ...scene.settle, afterApply }, entries, REPLAY_TIMEOUT_MS);
    const undecided = findUndecided(entries, results);
    if (undecided !== undefined) await fail(scene, runId, undecided);
    const tookMs = performance.now() - startedAt;
    const { max_per_second: maxPerSecond } = run;
    return Math.max(rest * tookMs, maxPerSecond === null ? 0 : (entries.length / maxPerSecond) * 1000 - tookMs);
  } catch (failure) {
    if (isOver) return 0;
    if (findBlame(failure) === 'moment') throw failure;
    await fail(scene, runId, { failure, ids: [] });
    return 0;
  }
}

async function finish({ settle: { pool }, log }: ReplayRunsScene, { run_id: runId }: ReplayRun): Promise<number> {
  const run = await pool.withTransaction(async (session) => {
    finishReplay(session, runId);
    return getReplayRun(session, runId);
  });
  const { state, letters, applied, stale, duplicate, ignored, dead_letters } = run;
  log.info({ run_id: runId, letters, applied, stale, duplicate, ignored, dead_letters }, `replay run ${state}`);
  return 0;
}

async function fail(
  { settle, log }: ReplayRunsScene,
  runId: string,
  { failure, ids: [messageId] }: { readonly failure: unknown; readonly ids: readonly string[] },
): Promise<void> {
  const why = describeFailure(failure);
  const error = messageId === undefined ? why : `The dead letter ${messageId} could not be decided: ${why}`;
  await settle.pool.withTransaction(async (session) => failReplay(session, runId, error));
  log.error({ run_id: runId, message_id: messageId, err: failure }, 'replay run failed');
}
