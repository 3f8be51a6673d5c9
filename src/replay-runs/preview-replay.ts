import { createRehearsal } from '../db/migrations/rehearse.ts';
import { findLetterPositions } from '../dead-letters/find-dead-letters.ts';
import { loadEntries } from '../dead-letters/load-entries.ts';
import { countDeadLetters } from '../dead-letters/summarize-dead-letters.ts';
import { type SettleOptions, type SettleResult, settleFound } from '../sync/settle-batch.ts';
import { freezeFilter, type ReplayFilter } from './replay-filter.ts';
import { countReplayed, type ReplayCounts } from './replay-run.ts';
import { findUndecided } from './replay-scene.ts';

/** What a replay of all letters of a filter would come to now. */
export interface ReplayPreview extends ReplayCounts {
  /** How many letters the filter names. */
  readonly letters: number;
  /** There may be more: counting has stopped. */
  readonly capped: boolean;
  /** How many of them were tried, the oldest first. The time of a preview is limited. */
  readonly tried: number;
  /** Of those, how many could not be decided, for example because a right is missing. */
  readonly undecided: number;
}

const MAX_MS = 5000;
const MAX_TRIED = 20_000;
const BATCH = 200;

/**
 * Tries the letters of a filter in transactions that are rolled back, the oldest first, up to 20,000 of them. Each batch is
 * tried by itself, as if the others had not been.
 *
 * @param filter as for `startReplayRun`: without a choice of states it names open letters.
 * @param maxMs after so long it tells what it has tried. Default 5,000 ms.
 * @throws {DatabaseUnavailableError}
 */
export async function previewReplay(
  options: SettleOptions,
  filter: ReplayFilter,
  maxMs: number = MAX_MS,
): Promise<ReplayPreview> {
  const deadline = performance.now() + maxMs;
  const frozen = freezeFilter(filter, new Date());
  const [{ count: letters, capped }, positions] = await options.pool.withTransaction(async (session) => [
    await countDeadLetters(session, frozen),
    await findLetterPositions(session, { ...frozen, limit: MAX_TRIED }),
  ]);
  const results: SettleResult[] = [];
  let timeLeft = maxMs;
  for (let place = 0; place < positions.length && timeLeft > 0; place += BATCH) {
    results.push(
      ...(await tryBatch(
        options,
        positions.slice(place, place + BATCH).map(({ messageId }) => messageId),
        timeLeft,
      )),
    );
    timeLeft = deadline - performance.now();
  }
  const decided = results.filter((result) => 'outcome' in result);
  return {
    ...countReplayed(decided),
    ...{ letters, capped, tried: results.length, undecided: results.length - decided.length },
  };
}

/** A batch whose time is over, because others hold its rows, is not counted. */
async function tryBatch(
  options: SettleOptions,
  ids: readonly string[],
  timeoutMs: number,
): Promise<readonly SettleResult[]> {
  const startedAt = performance.now();
  const settle = { ...options, pool: createRehearsal(options.pool) };
  try {
    const { entries, results } = await settleFound(settle, (session) => loadEntries(session, ids), timeoutMs);
    findUndecided(entries, results);
    return results;
  } catch (error) {
    if (performance.now() - startedAt >= timeoutMs) return [];
    throw error;
  }
}
