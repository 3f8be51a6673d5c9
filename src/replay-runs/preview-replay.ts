import type { SettleOptions } from '../sync/settle-batch.ts';
import type { ReplayFilter } from './replay-filter.ts';
import type { ReplayCounts } from './replay-run.ts';

/** What a replay of all letters of a filter would come to now. */
export interface ReplayPreview extends ReplayCounts {
  /** How many letters the filter names. */
  readonly letters: number;
  /** How many of them were tried, the oldest first. The time of a preview is limited. */
  readonly tried: number;
  /** Of those, how many could not be decided, for example because a right is missing. */
  readonly undecided: number;
}

/**
 * Tries the letters of a filter in transactions that are rolled back. Each batch is tried by itself, as if the others had
 * not been.
 *
 * @param filter as for `startReplayRun`: without a choice of states it names open letters.
 * @param maxMs after so long no further batch begins. Default 5,000 ms.
 * @throws {DatabaseUnavailableError}
 */
export async function previewReplay(
  options: SettleOptions,
  filter: ReplayFilter,
  maxMs = 5000,
): Promise<ReplayPreview> {
  throw new Error(`Not written yet: ${JSON.stringify({ filter, maxMs, options })}`);
}
