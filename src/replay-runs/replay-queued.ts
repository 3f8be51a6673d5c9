import { loadEntries } from '../dead-letters/load-entries.ts';
import { type BatchEntry, getLetterId, getUserId } from '../sync/batch-entry.ts';
import { type Settled, settleFound } from '../sync/settle-batch.ts';
import { pause } from '../walk/pause.ts';
import { choosePace } from './choose-pace.ts';
import { claimQueued, type OnHold } from './claim-queued.ts';
import { countReplayed } from './replay-run.ts';
import { allDone, findUndecided, REPLAY_TIMEOUT_MS, type ReplayScene } from './replay-scene.ts';

/** A letter that could not be decided is tried again after so long. */
const HOLD_MS = 60_000;
/** If nothing could be decided, it is hardly about single letters. */
const OBSTACLE_PAUSE_MS = 10_000;

/**
 * Replays queued letters, together with all other processes that do so, until there are none. It has two lanes: while one
 * writes, the other one reads.
 *
 * @throws {DatabaseUnavailableError}
 */
export async function replayQueued(scene: ReplayScene, holds: Holds): Promise<void> {
  const replayed: Settled[] = [];
  try {
    await allDone([
      replayInLane(scene, holds, { replayed, isSecond: false }),
      replayInLane(scene, holds, { replayed, isSecond: true }),
    ]);
  } finally {
    if (replayed.length > 0) scene.log.info(countReplayed(replayed), 'queued dead letters were replayed');
  }
}

interface Lane {
  readonly replayed: Settled[];
  /** It leaves the work to the first one as soon as deliveries come. */
  readonly isSecond: boolean;
}

async function replayInLane(scene: ReplayScene, holds: Holds, { replayed, isSecond }: Lane): Promise<void> {
  const { log, signal } = scene;
  while (!signal.aborted) {
    const startedAt = performance.now();
    const { entries, results, rest } = await replayBatch(scene, holds);
    if (entries.length === 0) break;
    const decided = results.filter((result) => 'outcome' in result);
    replayed.push(...decided);
    const undecided = findUndecided(entries, results);
    if (undecided !== undefined) {
      const { letters, failure: err } = undecided;
      holds.add(letters);
      const details = { message_id: getLetterId(letters[0]), letters: letters.length, err };
      log.error(details, 'queued dead letters can not be decided now');
    }
    if (isSecond && rest > 0) break;
    await pause(decided.length === 0 ? OBSTACLE_PAUSE_MS : rest * (performance.now() - startedAt), signal);
  }
}

async function replayBatch({ settle }: ReplayScene, holds: Holds) {
  let rest = 0;
  const found = await settleFound(
    settle,
    async (session) => {
      const pace = await choosePace(session);
      rest = pace.rest;
      return loadEntries(session, await claimQueued(session, pace.batch, holds.list()));
    },
    REPLAY_TIMEOUT_MS,
  );
  return { ...found, rest };
}

/** The letters that this process leaves alone for a while, and all others of their users: they keep their order. */
export interface Holds {
  add(letters: readonly BatchEntry[]): void;
  list(): OnHold;
}

/** Makes an empty list of letters on hold. */
export function createHolds(): Holds {
  const held = new Map<string, { readonly userId: string | null; readonly endsAt: number }>();
  return {
    add(letters) {
      for (const letter of letters) {
        held.set(getLetterId(letter), { userId: getUserId(letter), endsAt: performance.now() + HOLD_MS });
      }
    },
    list() {
      const now = performance.now();
      for (const [id, { endsAt }] of held) if (endsAt <= now) held.delete(id);
      const userIds = [...held.values()].map(({ userId }) => userId).filter((userId) => userId !== null);
      return { ids: [...held.keys()], userIds };
    },
  };
}
