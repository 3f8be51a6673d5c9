import { type ApiObservation, makeApiEntry } from '../sync/batch-entry.ts';
import { type Settled, type SettleOptions, settleBatch } from '../sync/settle-batch.ts';
import type { WalkedPage } from '../walk/walk-users.ts';
import type { BackfillCounts } from './record-backfill.ts';

/** Nobody waits for a page as Svix does for a delivery. */
const TIMEOUT_MS = 60_000;

/** Batches of one page at a time: see docs/performance.md. */
const LANES = 2;

/**
 * Applies one page through the write path, and resolves once all of it is committed. If it is applied again, after a
 * failure in the middle, nothing more changes.
 *
 * @throws {DatabaseUnavailableError}
 */
export async function settlePage(
  options: SettleOptions,
  { users, observedAt }: WalkedPage,
  observation: Omit<ApiObservation, 'observedAt'>,
): Promise<BackfillCounts> {
  const entries = users.map((user) => makeApiEntry(user, { ...observation, observedAt }));
  const size = Math.ceil(entries.length / Math.min(LANES, options.pool.size));
  const batches = Array.from({ length: LANES }, (_, lane) => entries.slice(lane * size, (lane + 1) * size));
  const results = await Promise.allSettled(
    batches.filter(({ length }) => length > 0).map((batch) => settleBatch(options, batch, TIMEOUT_MS)),
  );
  return countOutcomes(results.flatMap(getSettled));
}

/** All batches have ended before a failure is thrown, so nothing is written while the caller tries again. */
function getSettled(result: PromiseSettledResult<Settled[]>): Settled[] {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

function countOutcomes(settled: readonly Settled[]): BackfillCounts {
  const count = (wanted: Settled['outcome']) => settled.filter(({ outcome }) => outcome === wanted).length;
  return {
    usersRead: settled.length,
    applied: count('applied'),
    stale: count('stale'),
    deadLetters: count('dead_letter'),
  };
}
