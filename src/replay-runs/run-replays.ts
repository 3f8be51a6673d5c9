import { sql } from 'drizzle-orm';
import { isOneOf } from '../../drizzle/schema/clerk-schema.ts';
import { unresolvedLetterStates } from '../../drizzle/schema/codes.ts';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import { type AdvisoryLock, withAdvisoryLock } from '../db/advisory-lock.ts';
import { DatabaseUnavailableError, findBlame } from '../db/errors/database-errors.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import type { Half } from '../dead-letters/find-dead-letters.ts';
import { getLetterId } from '../sync/batch-entry.ts';
import { type Applied, type SettleOptions, settleEach } from '../sync/settle-batch.ts';
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
  /** One for each half of the letters that is not done. */
  lanes: readonly Lane[];
  /** Deliveries came during the last turn. */
  isShared: boolean;
  /** By the clock of this process. */
  dueAt: number;
}

interface Lane {
  readonly half: Half;
  readonly reader: RunReader;
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
    const turns = await Promise.allSettled(chooseLanes(underWay, run).map((lane) => replayBatch(scene, run, lane)));
    const failed = turns.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    const batches = turns.flatMap((turn) => (turn.status === 'fulfilled' ? [turn.value] : []));
    const undecided = batches.map((batch) => batch.undecided).find((one) => one !== undefined);
    if (undecided !== undefined) await fail(scene, runId, undecided);
    const done = batches.filter(({ isLast }) => isLast).map(({ lane }) => lane);
    underWay.lanes = underWay.lanes.filter((lane) => !done.includes(lane));
    const rest = Math.max(...batches.map((batch) => batch.rest));
    underWay.isShared = rest > 0;
    const tookMs = performance.now() - startedAt;
    const letters = batches.reduce((sum, batch) => sum + batch.letters, 0);
    const { max_per_second: maxPerSecond } = run;
    return Math.max(rest * tookMs, maxPerSecond === null ? 0 : (letters / maxPerSecond) * 1000 - tookMs);
  } catch (failure) {
    if (findBlame(failure) === 'moment') throw failure;
    await fail(scene, runId, { failure, ids: [] });
    return 0;
  }
}

/** Both lanes work at once, unless they have to leave room for deliveries or to keep to a rate. Then they take turns. */
function chooseLanes(underWay: RunUnderWay, { max_per_second: maxPerSecond }: ReplayRun): readonly Lane[] {
  const { lanes, isShared } = underWay;
  if (!isShared && maxPerSecond === null) return lanes;
  const [next, ...others] = lanes as [Lane, ...Lane[]];
  underWay.lanes = [...others, next];
  return [next];
}

/** Replays the next letters of a lane. If the run has ended, or if somebody has changed one of the letters, it does nothing. */
async function replayBatch(scene: ReplayRunsScene, run: ReplayRun, lane: Lane) {
  const { entries, rest, isLast } = await lane.reader.read(run);
  const batch = { lane, rest, isLast, letters: entries.length, undecided: undefined };
  if (isLast) return batch;
  let isUndone = false;
  const afterApply: SettleOptions['afterApply'] = async (session, applied) => {
    const half = { runId: run.run_id, half: lane.half };
    isUndone = (await haveChanged(session, applied)) || !(await checkpointReplay(session, half, applied));
    if (isUndone) throw new DatabaseUnavailableError('The letters are read again, if the run continues.');
  };
  const results = await settleEach({ ...scene.settle, afterApply }, entries, REPLAY_TIMEOUT_MS);
  if (isUndone) return { ...batch, letters: 0 };
  return { ...batch, undecided: findUndecided(entries, results) };
}

const FIND_CHANGED = defineStatement(
  'find dead letters that have changed',
  sql`
  select ${deadLetters.message_id} from ${deadLetters}
  where ${deadLetters.message_id} = any(array(select json_array_elements_text($1::text::json)))
    and ${isOneOf(deadLetters.state, unresolvedLetterStates)} limit 1`,
);

/** Somebody has edited a letter, or it has failed for somebody else, since it was read: nobody has resolved it. */
async function haveChanged(session: Session, applied: readonly Applied[]): Promise<boolean> {
  const left = applied.filter(({ outcome }) => outcome === 'duplicate').map(({ entry }) => getLetterId(entry));
  return left.length > 0 && (await session.run(FIND_CHANGED, [JSON.stringify(left)])).length > 0;
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
