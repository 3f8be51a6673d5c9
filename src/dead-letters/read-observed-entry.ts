import { type ApiUser, readApiUser } from '../clerk/api/api-user.ts';
import { InvalidEventError } from '../clerk/invalid-event-error.ts';
import { parseJson } from '../clerk/json/json.ts';
import type { BatchEntry } from '../sync/entries/batch-entry.ts';
import { type ApiObservation, type ApiOrigin, makeApiEntry, makeApiTombstone } from '../sync/entries/make-api-entry.ts';
import type { DeadLetterWithBody } from './dead-letter.ts';

/** A letter of what was read from the Backend API. */
export type ObservedDeadLetter = DeadLetterWithBody & { readonly origin: ApiOrigin };

/**
 * Reads such a letter's body, which is a user and no event, into what the write path settles. The letter keeps its id,
 * also where somebody has given the body an id that it lacked.
 */
export function readObservedEntry(letter: ObservedDeadLetter): BatchEntry {
  const entry = toEntry(letter);
  return { ...entry, message: { ...entry.message, messageId: letter.message_id } };
}

function toEntry(letter: ObservedDeadLetter): BatchEntry {
  const observation = readObservation(letter);
  try {
    const { value } = parseJson(letter.body);
    return isDeletion(value) && letter.user_id !== null
      ? makeApiTombstone(letter.user_id, observation)
      : makeApiEntry(readApiUser(value), observation);
  } catch (error) {
    if (!(error instanceof InvalidEventError)) throw error;
    const unread: ApiUser = { id: letter.user_id, user: undefined, error, readBody: () => letter.body };
    return makeApiEntry(unread, observation);
  }
}

/** As `make-api-entry` has put it into the details. */
function readObservation({ origin, details, instance_id, message_id, first_failed_at }: ObservedDeadLetter) {
  const observedAt = new Date(String(details.observed_at));
  const observation: ApiObservation = {
    origin,
    runId: typeof details.run_id === 'string' ? details.run_id : message_id,
    instanceId: instance_id,
    observedAt: Number.isNaN(observedAt.getTime()) ? first_failed_at : observedAt,
  };
  return observation;
}

function isDeletion(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'deleted' in value && value.deleted === true;
}
