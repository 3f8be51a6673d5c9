import { eq } from 'drizzle-orm';
import { webhookMessages } from '../../drizzle/schema/index.ts';
import type { VerifiedDelivery } from '../clerk/verify-delivery.ts';
import { openDrizzle, selectColumns } from '../db/open-drizzle.ts';
import type { Session } from '../db/pool.ts';
import type { BatchEntry } from '../sync/batch-entry.ts';
import { makeEntry } from '../sync/make-entry.ts';
import type { Outcome } from '../sync/outcome.ts';
import { type SettleOptions, settleOne } from '../sync/settle-batch.ts';
import type { DeadLetterWithBody } from './dead-letter.ts';
import { getDeadLetter } from './find-dead-letters.ts';
import { type ObservedDeadLetter, readObservedEntry } from './read-observed-entry.ts';

/** What one replay came to. `duplicate`: somebody else has resolved the letter. */
export interface ReplayResult {
  readonly messageId: string;
  readonly outcome: Outcome;
  /** Why it failed again. */
  readonly error?: string;
}

/**
 * Applies an open dead letter again, through the one write path. The letter is resolved in the transaction that
 * applies it, and `stale` resolves it too: something newer has arrived since. One that fails again stays open, with one
 * more attempt and the newest error. Of two replays of a delivery at once one does it, the other reports `duplicate`; of
 * a user read from the Backend API, `stale`.
 *
 * @throws {OperatorError} for an unknown id, {DatabaseUnavailableError} when nothing could be decided.
 */
export async function replayDeadLetter(options: SettleOptions, messageId: string): Promise<ReplayResult> {
  const entry = await options.pool.withSession((session) => loadEntry(session, messageId));
  if (entry === undefined) return { messageId, outcome: 'duplicate' };
  const { outcome, letter } = await settleOne(options, entry);
  return letter === undefined ? { messageId, outcome } : { messageId, outcome, error: letter.error };
}

/** Undefined for a letter that is closed and that no ledger would tell of: the claim finds all others. */
async function loadEntry(session: Session, messageId: string): Promise<BatchEntry | undefined> {
  const letter = await getDeadLetter(session, messageId);
  if (!isObserved(letter)) return makeEntry(await loadDelivery(session, letter));
  return letter.state === 'open' ? readObservedEntry(letter) : undefined;
}

function isObserved(letter: DeadLetterWithBody): letter is ObservedDeadLetter {
  return letter.origin !== 'webhook';
}

/** The delivery as it was verified. The signature's time is the event's where the body has none: the ledger kept it. */
async function loadDelivery(session: Session, letter: DeadLetterWithBody): Promise<VerifiedDelivery> {
  const [message] = await openDrizzle(session)
    .select(selectColumns(webhookMessages))
    .from(webhookMessages)
    .where(eq(webhookMessages.message_id, letter.message_id));
  return {
    messageId: letter.message_id,
    signedAt: message?.event_at ?? letter.first_failed_at,
    receivedAt: message?.received_at ?? letter.first_failed_at,
    body: letter.body,
  };
}
