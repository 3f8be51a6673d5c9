import { findBlame } from '../db/errors/database-errors.ts';
import type { Log } from '../log/log.ts';
import type { BatchEntry } from '../sync/batch-entry.ts';
import type { SettleOptions, SettleResult } from '../sync/settle-batch.ts';

/** What replaying needs. */
export interface ReplayScene {
  readonly settle: SettleOptions;
  readonly log: Log;
  /** Ends it after the transactions that are under way. */
  readonly signal: AbortSignal;
}

/** How long a batch may take: nobody waits for it, as Svix does for a delivery. */
export const REPLAY_TIMEOUT_MS = 60_000;

/** Letters that could not be decided, and why the first of them could not. */
export interface Undecided {
  readonly letters: readonly [BatchEntry, ...BatchEntry[]];
  readonly failure: unknown;
}

/**
 * Finds what somebody has to mend before it can be decided.
 *
 * @param results what became of the entries, in the same order.
 * @throws the failure, if the database can't be used now: then the letters are not to blame.
 */
export function findUndecided(entries: readonly BatchEntry[], results: readonly SettleResult[]): Undecided | undefined {
  const failures = results.flatMap((result, place) => {
    const entry = entries[place];
    return 'failure' in result && entry !== undefined ? [{ entry, failure: result.failure }] : [];
  });
  const [first, ...others] = failures;
  if (first === undefined) return undefined;
  if (findBlame(first.failure) === 'moment') throw first.failure;
  return { letters: [first.entry, ...others.map(({ entry }) => entry)], failure: first.failure };
}

/** Waits for all lanes, and then throws the failure of the first that has failed. */
export async function allDone<T>(lanes: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(lanes);
  return Promise.all(lanes);
}
