import { sql } from 'drizzle-orm';
import type { Outcome } from '../../drizzle/schema/codes.ts';
import { webhookMessages } from '../../drizzle/schema/messages.ts';
import { readApiUser } from '../clerk/api/api-user.ts';
import { parseJson } from '../clerk/json/parse-json.ts';
import { isObject } from '../clerk/user/fields.ts';
import type { VerifiedDelivery } from '../clerk/webhook/verify-delivery.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';
import {
  type ApiObservation,
  type ApiOrigin,
  type BatchEntry,
  makeApiEntry,
  makeApiTombstone,
  makeDeliveryEntry,
  type ObservedEntry,
} from '../sync/batch-entry.ts';
import { type SettleOptions, settleOne } from '../sync/settle-batch.ts';
import { findFailurePath } from '../sync/statements/keep-letters.ts';
import type { DeadLetterWithBody } from './dead-letter.ts';
import { getDeadLetter } from './find-dead-letters.ts';

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
  /** Why it failed again, and the cause that the letter has now. */
  readonly error?: string;
  readonly reason?: string;
  readonly path?: string | null;
}

/**
 * Applies an open dead letter again, through the one write path. The letter is resolved in the transaction that applies it.
 * `stale` resolves it too: something newer has arrived since. One that fails again stays open, with one more attempt and
 * the newest error. If a delivery is replayed twice at once, one replay does it, and the other reports `duplicate`. For a
 * user from the Backend API the other reports `stale`.
 *
 * @throws {OperatorError} for an unknown id, {DatabaseUnavailableError} if nothing could be decided.
 */
export async function replayDeadLetter(options: SettleOptions, messageId: string): Promise<ReplayResult> {
  const entry = await options.pool.withTransaction((session) => loadEntry(session, messageId));
  if (entry === undefined) return { messageId, outcome: 'duplicate' };
  const { outcome, letter } = await settleOne(options, entry);
  if (letter === undefined) return { messageId, outcome };
  const { error, reason, details } = letter;
  return { messageId, outcome, error, reason, path: findFailurePath(details) };
}

/** Undefined for a letter that is closed and that no ledger knows. The claim finds all others. */
async function loadEntry(session: Session, messageId: string): Promise<BatchEntry | undefined> {
  const letter = await getDeadLetter(session, messageId);
  return letter.origin !== 'webhook' && letter.state !== 'open' ? undefined : readEntry(session, letter);
}

/** What the write path would settle if the letter were replayed now. */
export async function readEntry(session: Session, letter: DeadLetterWithBody): Promise<BatchEntry> {
  const { origin } = letter;
  if (origin === 'webhook') return makeDeliveryEntry(await loadDelivery(session, letter));
  // The letter keeps its id, also if somebody has given the body an id that it lacked.
  return { ...readObserved(letter, readObservation(letter, origin)), letterId: letter.message_id };
}

/** The delivery as it was verified. If the body has no time, the event has that of the signature, which the ledger kept. */
async function loadDelivery(session: Session, letter: DeadLetterWithBody): Promise<VerifiedDelivery> {
  const [message] = await session.run<{ event_at: string; received_at: string }>(FIND_TIMES, [letter.message_id]);
  return {
    messageId: letter.message_id,
    signedAt: message === undefined ? letter.first_failed_at : readTime(message.event_at),
    receivedAt: message === undefined ? letter.first_failed_at : readTime(message.received_at),
    body: letter.body,
  };
}

/** The body of such a letter is a user, and no event. */
function readObserved({ body, user_id: userId }: DeadLetterWithBody, observation: ApiObservation): ObservedEntry {
  const parsed = parseJson(body);
  if ('unreadable' in parsed) {
    const { unreadable } = parsed;
    return makeApiEntry({ id: userId, user: undefined, unreadable, readBody: () => body }, observation);
  }
  const { value } = parsed;
  const isDeletion = isObject(value) && value.deleted === true;
  if (isDeletion && userId !== null) return makeApiTombstone(userId, observation);
  return makeApiEntry(readApiUser(value), observation);
}

/** The details have the run and the time, as they were when the letter was kept. */
function readObservation(letter: DeadLetterWithBody, origin: ApiOrigin): ApiObservation {
  const { details, instance_id: instanceId, message_id, first_failed_at } = letter;
  const observedAt = new Date(String(details.observed_at));
  return {
    origin,
    runId: typeof details.run_id === 'string' ? details.run_id : message_id,
    instanceId,
    observedAt: Number.isNaN(observedAt.getTime()) ? first_failed_at : observedAt,
  };
}
