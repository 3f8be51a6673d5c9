import { readApiUser } from '../clerk/api/api-user.ts';
import { parseJson } from '../clerk/json/parse-json.ts';
import { isObject } from '../clerk/user/fields.ts';
import type { VerifiedDelivery } from '../clerk/webhook/verify-delivery.ts';
import {
  type ApiObservation,
  type ApiOrigin,
  type BatchEntry,
  makeApiEntry,
  makeApiTombstone,
  makeDeliveryEntry,
  type ObservedEntry,
} from '../sync/batch-entry.ts';
import type { DeadLetterWithBody } from './dead-letter.ts';

/** What of a letter decides what a replay does. */
export type ReplayedLetter = Pick<
  DeadLetterWithBody,
  'message_id' | 'origin' | 'user_id' | 'instance_id' | 'body' | 'details' | 'first_failed_at'
>;

/** The times of a message, as the ledger has kept them. */
export interface MessageTimes {
  readonly eventAt: Date;
  readonly receivedAt: Date;
}

/**
 * What the write path settles if the letter is replayed.
 *
 * @param times undefined if the ledger does not know the message, as for every user of the Backend API.
 */
export function makeReplayEntry(letter: ReplayedLetter, times: MessageTimes | undefined): BatchEntry {
  const entry = readLetter(letter, times);
  // A letter whose content was erased may be queued by SQL. There is nothing to apply.
  return letter.details.erased === true ? { ...entry, change: { kind: 'ignored' } } : entry;
}

function readLetter(letter: ReplayedLetter, times: MessageTimes | undefined): BatchEntry {
  const { origin } = letter;
  if (origin === 'webhook') return makeDeliveryEntry(makeDelivery(letter, times));
  // The letter keeps its id, also if somebody has given the body an id that it lacked.
  return { ...readObserved(letter, readObservation(letter, origin)), letterId: letter.message_id };
}

/** The delivery as it was verified. If the body has no time, the event has that of the signature, which the ledger kept. */
function makeDelivery(letter: ReplayedLetter, times: MessageTimes | undefined): VerifiedDelivery {
  const { message_id: messageId, body, first_failed_at: failedAt } = letter;
  return { messageId, signedAt: times?.eventAt ?? failedAt, receivedAt: times?.receivedAt ?? failedAt, body };
}

/** The body of such a letter is a user, and no event. */
function readObserved({ body, user_id: userId }: ReplayedLetter, observation: ApiObservation): ObservedEntry {
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
function readObservation(letter: ReplayedLetter, origin: ApiOrigin): ApiObservation {
  const { details, instance_id: instanceId, message_id, first_failed_at } = letter;
  const observedAt = new Date(String(details.observed_at));
  return {
    origin,
    runId: typeof details.run_id === 'string' ? details.run_id : message_id,
    instanceId,
    observedAt: Number.isNaN(observedAt.getTime()) ? first_failed_at : observedAt,
  };
}
