import type { Outcome } from '../../drizzle/schema/codes.ts';
import { type SettleOptions, settleOne } from '../sync/settle-batch.ts';
import { findFailurePath } from '../sync/statements/keep-letters.ts';
import { getDeadLetter } from './find-dead-letters.ts';
import { loadEntries } from './load-entries.ts';

/** What one replay came to. `duplicate`: somebody else has resolved the letter. */
export interface ReplayResult {
  readonly messageId: string;
  readonly outcome: Outcome;
  /** Why it failed again, and the cause that the letter has now. */
  readonly error?: string;
  readonly reason?: string;
  readonly path?: string | null;
}

/**
 * Applies an open or queued dead letter again, through the one write path. The letter is resolved in the transaction that
 * applies it. `stale` resolves it too: something newer has arrived since. One that fails again is open, with one more
 * attempt and the newest error. If it is replayed twice at once, one replay does it, and the other reports `duplicate`.
 *
 * @throws {OperatorError} for an unknown id, {DatabaseUnavailableError} if nothing could be decided.
 */
export async function replayDeadLetter(options: SettleOptions, messageId: string): Promise<ReplayResult> {
  const [entry] = await options.pool.withTransaction(async (session) => {
    await getDeadLetter(session, messageId);
    return loadEntries(session, [messageId]);
  });
  if (entry === undefined) return { messageId, outcome: 'duplicate' };
  const { outcome, letter } = await settleOne(options, entry);
  if (letter === undefined) return { messageId, outcome };
  const { error, reason, details } = letter;
  return { messageId, outcome, error, reason, path: findFailurePath(details) };
}
