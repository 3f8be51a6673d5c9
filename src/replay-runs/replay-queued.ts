import type { Settled } from '../sync/settle-batch.ts';
import { pause } from '../walk/pause.ts';
import { claimQueued } from './claim-queued.ts';
import { countOutcomes } from './replay-run.ts';
import { findUndecided, type ReplayScene, replayTurn } from './replay-turn.ts';

/** A letter that could not be decided is tried again after so long. */
const HOLD_MS = 60_000;
/** If nothing could be decided, it is hardly about single letters. */
const OBSTACLE_PAUSE_MS = 10_000;

/**
 * Replays queued letters, together with all other processes that do so, until it finds none.
 *
 * @throws {DatabaseUnavailableError}
 */
export async function replayQueued({ settle, log, signal }: ReplayScene, holds: Holds): Promise<void> {
  const replayed: Settled[] = [];
  while (!signal.aborted) {
    const turn = await replayTurn(settle, (session, limit) => claimQueued(session, limit, holds.list()));
    if (turn.entries.length === 0) break;
    const decided = turn.results.filter((result) => 'outcome' in result);
    replayed.push(...decided);
    const undecided = findUndecided(turn);
    if (undecided !== undefined) {
      const { ids, failure: err } = undecided;
      holds.add(ids);
      log.error({ message_id: ids[0], letters: ids.length, err }, 'queued dead letters can not be decided now');
    }
    await pause(decided.length === 0 ? OBSTACLE_PAUSE_MS : turn.restMs, signal);
  }
  if (replayed.length > 0) log.info(countOutcomes(replayed), 'queued dead letters were replayed');
}

/** The letters that this process leaves alone for a while. */
export interface Holds {
  add(ids: readonly string[]): void;
  list(): string[];
}

/** Makes an empty list of letters on hold. */
export function createHolds(): Holds {
  const endsAt = new Map<string, number>();
  return {
    add(ids) {
      for (const id of ids) endsAt.set(id, performance.now() + HOLD_MS);
    },
    list() {
      const now = performance.now();
      for (const [id, end] of endsAt) if (end <= now) endsAt.delete(id);
      return [...endsAt.keys()];
    },
  };
}
