import { parseJson } from '../../clerk/json/json.ts';
import { isObject, readTime } from '../../clerk/user/fields.ts';
import type { BatchEntry } from '../entries/batch-entry.ts';
import type { OpenLetter } from './kept-letters.ts';

/**
 * Finds the letters of what the Backend API said of a user that an event has made immaterial: it states the user as of
 * then or later, or it has ended the user. An event that is older than the answer may lack what the answer said.
 *
 * @param applied the deliveries that are now what the rows of their users say.
 */
export function findOvertakenLetters(letters: readonly OpenLetter[], applied: readonly BatchEntry[]): OpenLetter[] {
  if (letters.length === 0) return [];
  const byUser = Map.groupBy(applied, ({ message }) => message.userId);
  return letters.filter(
    (letter) => byUser.get(letter.user_id)?.some(({ change }) => overtakes(change, letter)) === true,
  );
}

function overtakes(change: BatchEntry['change'], { observed_at, body }: OpenLetter): boolean {
  if (change.kind !== 'snapshot') return change.kind === 'tombstone';
  const { observedAt, updatedAt } = change.version;
  const askedAt = readTime(observed_at);
  if (askedAt !== undefined && observedAt >= askedAt) return true;
  const saidAt = readUpdatedAt(body ?? '');
  return saidAt !== undefined && updatedAt >= saidAt;
}

/** The letter's user can't be read, but perhaps this can: a state of that time or later is what Clerk meant. */
function readUpdatedAt(body: string): Date | undefined {
  try {
    const { value } = parseJson(body);
    return isObject(value) ? readTime(value.updated_at) : undefined;
  } catch {
    // An operator may have edited the body; what is not JSON tells no time.
    return undefined;
  }
}
