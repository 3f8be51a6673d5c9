import { type AdvisoryLock, withAdvisoryLock } from '../db/advisory-lock.ts';
import { findBlame } from '../db/errors/database-errors.ts';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import type { Half } from '../dead-letters/find-dead-letters.ts';
import { type BatchEntry, getLetterId } from '../sync/batch-entry.ts';
import { describeFailure } from '../walk/describe-failure.ts';
import { pause } from '../walk/pause.ts';
import { findRunningIds, getReplayRun } from './find-replay-runs.ts';
import { createRunReader } from './read-run.ts';
import { failReplay, finishReplay } from './record-replay.ts';
import { type Lane, replayInLane } from './replay-lane.ts';
import type { ReplayRun } from './replay-run.ts';
import { allDone, type ReplayScene } from './replay-scene.ts';

/** What working on runs needs. */
export interface ReplayRunsScene extends ReplayScene {
  readonly target: DatabaseTarget;
}

/** A run that this process works on. */
interface RunUnderWay {
  /** One for each half of the letters that is not done. */
  lanes: readonly Lane[];
  /** Deliveries came during the last turn. */
  isShared: boolean;
  /** By the clock of this process. */
  dueAt: number;
}

const HALVES: readonly Half[] = [0, 1];

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
      const run = underWay.get(runId) ?? {
        lanes: HALVES.map((half) => ({ half, reader: createRunReader(settle.pool, half) })),
        ...{ isShared: false, dueAt: 0 },
      };
      underWay.set(runId, run);
      if (run.dueAt <= performance.now() && !signal.aborted) {
        run.dueAt = performance.now() + (await takeTurn(scene, runId, run));
      }
      waits.push(run.dueAt - performance.now());
    }
    await pause(Math.max(0, Math.min(LOOK_MS, ...waits)), signal);
  }
}

/** @returns how long the run has to wait for its next turn. */
async function takeTurn(scene: ReplayRunsScene, runId: string, underWay: RunUnderWay): Promise<number> {
  const startedAt = performance.now();
  try {
    const run = await scene.settle.pool.withTransaction((session) => getReplayRun(session, runId));
    if (underWay.lanes.length === 0) return await finish(scene, run);
    const { lanes, turnMs } = chooseLanes(underWay, run);
    const turns = await allDone(lanes.map((lane) => replayInLane(scene, { run, lane, turnMs })));
    const undecided = turns.map((turn) => turn.undecided).find((one) => one !== undefined);
    if (undecided !== undefined) await fail(scene, runId, undecided);
    const done = turns.filter(({ isLast }) => isLast).map(({ lane }) => lane);
    underWay.lanes = underWay.lanes.filter((lane) => !done.includes(lane));
    const rest = Math.max(...turns.map((turn) => turn.rest));
    underWay.isShared = rest > 0;
    const tookMs = performance.now() - startedAt;
    const letters = turns.reduce((sum, turn) => sum + turn.letters, 0);
    const { max_per_second: maxPerSecond } = run;
    return Math.max(rest * tookMs, maxPerSecond === null ? 0 : (letters / maxPerSecond) * 1000 - tookMs);
  } catch (failure) {
    if (findBlame(failure) === 'moment') throw failure;
    await fail(scene, runId, { failure, letters: [] });
    return 0;
  }
}

/** Lanes that work at once do so for this long without waiting for each other. Then another run has its turn. */
const TURN_MS = 1000;

/**
 * Both lanes work at once, unless they have to leave room for deliveries or to keep to a rate. Then one of them writes one
 * batch, and the next time the other one does.
 */
function chooseLanes(underWay: RunUnderWay, { max_per_second: maxPerSecond }: ReplayRun) {
  const { lanes, isShared } = underWay;
  if (!isShared && maxPerSecond === null) return { lanes, turnMs: TURN_MS };
  const [next, ...others] = lanes as [Lane, ...Lane[]];
  underWay.lanes = [...others, next];
  return { lanes: [next], turnMs: 0 };
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
  { failure, letters: [letter] }: { readonly failure: unknown; readonly letters: readonly BatchEntry[] },
): Promise<void> {
  const why = describeFailure(failure);
  const messageId = letter && getLetterId(letter);
  const error = messageId === undefined ? why : `The dead letter ${messageId} could not be decided: ${why}`;
  await settle.pool.withTransaction(async (session) => failReplay(session, runId, error));
  log.error({ run_id: runId, message_id: messageId, err: failure }, 'replay run failed');
}
