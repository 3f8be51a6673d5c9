import { InvalidEventError } from '../invalid-event-error.ts';
import { isObject, readId } from '../user/fields.ts';
import { type ClerkUser, parseUser } from '../user/parse-user.ts';

interface ApiUserBase {
  /** As JSON text, every digit kept, secrets and all. Made when asked for: of most users nobody wants it. */
  readonly readBody: () => string;
}

/** One user as the Backend API serves it: parsed, or why it can't be. */
export type ApiUser =
  | (ApiUserBase & { readonly id: string; readonly user: ClerkUser })
  | (ApiUserBase & { readonly id: string | null; readonly user: undefined; readonly error: InvalidEventError });

/**
 * What the Backend API leaves out in place of null or false, in the version that we ask for: none of these is among the
 * required keys of its User (OpenAPI of 2026-05-12), and Clerk clears them by leaving them out. An event that lacks one
 * says nothing of it: nobody knows which version it follows. `scim` is not among them, since only events carry it.
 */
export const OMITTED_VALUES: Readonly<Record<string, null | false>> = {
  locale: null,
  password_last_updated_at: null,
  deprovisioned: false,
  bypass_client_trust: false,
  create_organizations_limit: null,
};

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
  const user = parseUser(element);
  return { ...user, values: { ...OMITTED_VALUES, ...user.values } };
}
