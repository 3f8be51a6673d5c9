import { sql } from 'drizzle-orm';
import { isOneOf } from '../../drizzle/schema/clerk-schema.ts';
import { unresolvedLetterStates } from '../../drizzle/schema/codes.ts';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import { DatabaseUnavailableError } from '../db/errors/database-errors.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import type { Half } from '../dead-letters/find-dead-letters.ts';
import { getLetterId } from '../sync/batch-entry.ts';
import { type Applied, type SettleOptions, settleEach } from '../sync/settle-batch.ts';
import { getReplayRun } from './find-replay-runs.ts';
import type { RunReader } from './read-run.ts';
import { checkpointReplay } from './record-replay.ts';
import type { ReplayRun } from './replay-run.ts';
import { findUndecided, REPLAY_TIMEOUT_MS, type ReplayScene, type Undecided } from './replay-scene.ts';

/** What replays one half of the letters of a run. */
export interface Lane {
  readonly half: Half;
  readonly reader: RunReader;
}

/** A run, and for how long one of its lanes may begin new batches. With 0 ms it writes one. */
export interface LaneTurnOptions {
  readonly run: ReplayRun;
  readonly lane: Lane;
  readonly turnMs: number;
}

/** What a lane did in its turn. */
export interface LaneTurn {
  readonly lane: Lane;
  readonly letters: number;
  /** The pause that deliveries ask for, as a multiple of the time that the turn took. */
  readonly rest: number;
  /** There are no letters left in this half. */
  readonly isLast: boolean;
  readonly undecided: Undecided | undefined;
}

/**
 * Replays letters of a lane, batch after batch, until its turn is over. It stops early if something must be decided first:
 * the half is done, the run has ended, deliveries have come, or a letter could not be decided.
 */
export async function replayInLane(scene: ReplayScene, { run, lane, turnMs }: LaneTurnOptions): Promise<LaneTurn> {
  const { settle, signal } = scene;
  const endsAt = performance.now() + turnMs;
  let letters = 0;
  for (
    let current = run;
    ;
    current = await settle.pool.withTransaction((session) => getReplayRun(session, run.run_id))
  ) {
    const batch = await replayBatch(scene, current, lane);
    letters += batch.letters;
    const mustStop = batch.letters === 0 || batch.rest > 0 || batch.undecided !== undefined;
    if (mustStop || signal.aborted || performance.now() >= endsAt) return { ...batch, letters };
  }
}

/** If the run has ended, or if somebody has changed one of the letters, it does nothing, and says so with 0 letters. */
async function replayBatch({ settle }: ReplayScene, run: ReplayRun, lane: Lane): Promise<LaneTurn> {
  const { entries, rest, isLast } = await lane.reader.read(run);
  const batch = { lane, rest, isLast, letters: entries.length, undecided: undefined };
  if (isLast) return batch;
  let isUndone = false;
  const afterApply: SettleOptions['afterApply'] = async (session, applied) => {
    const half = { runId: run.run_id, half: lane.half };
    isUndone = (await haveChanged(session, applied)) || !(await checkpointReplay(session, half, applied));
    if (isUndone) throw new DatabaseUnavailableError('The letters are read again, if the run continues.');
  };
  const results = await settleEach({ ...settle, afterApply }, entries, REPLAY_TIMEOUT_MS);
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
