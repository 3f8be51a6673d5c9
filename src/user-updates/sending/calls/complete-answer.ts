import type { ApiUser } from '../../../clerk/api/api-user.ts';
import { parseUser } from '../../../clerk/user/parse-user.ts';
import { readBody } from './read-body.ts';

type Properties = Readonly<Record<string, unknown>>;

/**
 * Adds to Clerk's answer what was asked for and what the answer leaves out. Clerk clears some properties by leaving them
 * out, and what is absent changes no row: the old value would stay for ever.
 *
 * @param asked the applied part of the request.
 */
export function completeAnswer(answer: ApiUser, asked: Properties): ApiUser {
  if (answer.user === undefined) return answer;
  const answered = readBody(answer.readBody());
  const missing = Object.entries(asked).filter(([key]) => !Object.hasOwn(answered, key));
  const values = readValues(answer.id, Object.fromEntries(missing));
  return { ...answer, user: { ...answer.user, values: { ...answer.user.values, ...values } } };
}

/** Read as Clerk's own: what is no property of its user, as a password, is no value. */
function readValues(id: string, asked: Properties) {
  const user = parseUser({ ...asked, id });
  // What Clerk has taken and no column can hold, such as a leap second.
  return 'unreadable' in user ? {} : user.values;
}
