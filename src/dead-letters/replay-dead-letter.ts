import { sql } from 'drizzle-orm';
import { webhookMessages } from '../../drizzle/schema/messages.ts';
import type { VerifiedDelivery } from '../clerk/webhook/verify-delivery.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';
import type { BatchEntry } from '../sync/entries/batch-entry.ts';
import { makeEntry } from '../sync/entries/make-entry.ts';
import { findFailurePath } from '../sync/letters/find-failure-path.ts';
import type { Outcome } from '../sync/outcome.ts';
import { type SettleOptions, settleOne } from '../sync/settle-batch.ts';
import type { DeadLetterWithBody } from './dead-letter.ts';
import { getDeadLetter } from './find-dead-letters.ts';
import { type ObservedDeadLetter, readObservedEntry } from './read-observed-entry.ts';

const FIND_TIMES = defineStatement(
  'find the times of a message',
  sql`
  select ${epochMs(webhookMessages.event_at)} as event_at, ${epochMs(webhookMessages.received_at)} as received_at
  from ${webhookMessages} where ${webhookMessages.message_id} = $1`,
);

/** What one replay came to. `duplicate`: somebody else has resolved the letter. */
export interface ReplayResult {
  readonly messageId: string;
  readonly outcome: Outcome;
  /** Why it failed again, and as which letter it is kept now. */
  readonly error?: string;
  readonly reason?: string;
  readonly path?: string | null;
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
  const entry = await options.pool.withTransaction((session) => loadEntry(session, messageId));
  if (entry === undefined) return { messageId, outcome: 'duplicate' };
  const { outcome, letter } = await settleOne(options, entry);
  if (letter === undefined) return { messageId, outcome };
  const { error, reason, details } = letter;
  return { messageId, outcome, error, reason, path: findFailurePath(details) };
}

/** Undefined for a letter that is closed and that no ledger would tell of: the claim finds all others. */
async function loadEntry(session: Session, messageId: string): Promise<BatchEntry | undefined> {
  const letter = await getDeadLetter(session, messageId);
  return isObserved(letter) && letter.state !== 'open' ? undefined : readEntry(session, letter);
}

/** What the write path would settle if the letter were replayed now. */
export async function readEntry(session: Session, letter: DeadLetterWithBody): Promise<BatchEntry> {
  return isObserved(letter) ? readObservedEntry(letter) : makeEntry(await loadDelivery(session, letter));
}

function isObserved(letter: DeadLetterWithBody): letter is ObservedDeadLetter {
  return letter.origin !== 'webhook';
}

/** The delivery as it was verified. The signature's time is the event's where the body has none: the ledger kept it. */
async function loadDelivery(session: Session, letter: DeadLetterWithBody): Promise<VerifiedDelivery> {
  const [message] = await session.run<{ event_at: string; received_at: string }>(FIND_TIMES, [letter.message_id]);
  return {
    messageId: letter.message_id,
    signedAt: message === undefined ? letter.first_failed_at : readTime(message.event_at),
    receivedAt: message === undefined ? letter.first_failed_at : readTime(message.received_at),
    body: letter.body,
  };
}
