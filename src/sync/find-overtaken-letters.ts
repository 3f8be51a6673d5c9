import { parseJson } from '../clerk/json/parse-json.ts';
import { isObject, readMoment } from '../clerk/user/fields.ts';
import type { DeliveryEntry } from './batch-entry.ts';
import type { OpenLetter } from './statements/keep-letters.ts';

/**
 * Finds the letters of what the Backend API said of a user that an event has made pointless: it states the user as of that
 * time or later, or it has ended the user. An event that is older than the answer may lack what the answer said.
 *
 * @param applied the deliveries that are now what the rows of their users say.
 */
export function findOvertakenLetters(letters: readonly OpenLetter[], applied: readonly DeliveryEntry[]): OpenLetter[] {
  const byUser = Map.groupBy(applied, ({ message }) => message.userId);
  return letters.filter(
    (letter) => byUser.get(letter.user_id)?.some(({ change }) => overtakes(change, letter)) === true,
  );
}

function overtakes(change: DeliveryEntry['change'], { observed_at, body }: OpenLetter): boolean {
  if (change.kind !== 'snapshot') return change.kind === 'tombstone';
  const { observedAt, updatedAt } = change.version;
  const askedAt = readMoment(observed_at);
  if (askedAt !== undefined && observedAt >= askedAt) return true;
  const saidAt = readUpdatedAt(body ?? '');
  return saidAt !== undefined && updatedAt >= saidAt;
}

/** The letter's user can't be read, but perhaps this can: a state of that time or later is what Clerk meant. */
function readUpdatedAt(body: string): Date | undefined {
  const parsed = parseJson(body);
  // An operator may have edited the body, and what is not JSON tells no time.
  return 'value' in parsed && isObject(parsed.value) ? readMoment(parsed.value.updated_at) : undefined;
}
