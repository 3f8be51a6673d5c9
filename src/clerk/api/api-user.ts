import { isObject, readId } from '../fields.ts';
import { InvalidEventError } from '../invalid-event-error.ts';
import { type ClerkUser, parseUser } from '../parse-user.ts';

interface ApiUserBase {
  /** As JSON text, every digit kept, secrets and all. Made when asked for: of most users nobody wants it. */
  readonly readBody: () => string;
}

/** One user as the Backend API serves it: parsed, or why it can't be. */
export type ApiUser =
  | (ApiUserBase & { readonly id: string; readonly user: ClerkUser })
  | (ApiUserBase & { readonly id: string | null; readonly user: undefined; readonly error: InvalidEventError });

/** Reads one element of a page, as `parseJson` has made it. Never throws for what the element holds. */
export function readApiUser(element: unknown): ApiUser {
  const readBody = () => JSON.stringify(element);
  const id = isObject(element) ? readId(element.id) : null;
  try {
    const user = parseElement(element, id);
    return { id: user.id, user, readBody };
  } catch (error) {
    if (!(error instanceof InvalidEventError)) throw error;
    return { id, user: undefined, error, readBody };
  }
}

function parseElement(element: unknown, id: string | null): ClerkUser {
  if (!isObject(element)) throw InvalidEventError.ofShape([{ path: 'data', message: 'Expected an object' }]);
  if (id === null) {
    throw new InvalidEventError('missing_user_id', 'The user has no id.', [
      { path: 'data.id', message: 'Expected the id of the user' },
    ]);
  }
  return parseUser(element);
}
