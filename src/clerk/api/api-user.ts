import { type Reading, refuseId, refuseShape, type Unreadable } from '../unreadable.ts';
import { isObject, readId } from '../user/fields.ts';
import { type ClerkUser, parseUser } from '../user/parse-user.ts';

interface ApiUserBase {
  /** As JSON text, with every digit and with secrets. It is made when it is asked for, which is rare. */
  readonly readBody: () => string;
}

/** One user as the Backend API serves it: parsed, or why it can't be. */
export type ApiUser =
  | (ApiUserBase & { readonly id: string; readonly user: ClerkUser })
  | (ApiUserBase & { readonly id: string | null; readonly user: undefined; readonly unreadable: Unreadable });

/**
 * What the Backend API leaves out in place of null or false, in the version that we ask for. None of these is among the
 * required keys of its User (OpenAPI of 2026-05-12), and Clerk clears them by leaving them out. An event that lacks one
 * says nothing of it, because its version is unknown. `scim` is not among them: only events carry it.
 */
export const OMITTED_VALUES: Readonly<Record<string, null | false>> = {
  locale: null,
  password_last_updated_at: null,
  deprovisioned: false,
  bypass_client_trust: false,
  create_organizations_limit: null,
};

/** Reads one element of a page, as `parseJson` has made it. The paths of issues begin at the user. */
export function readApiUser(element: unknown): ApiUser {
  const readBody = () => JSON.stringify(element);
  const id = isObject(element) ? readId(element.id) : null;
  const user = readUser(element, id);
  if ('unreadable' in user) return { id, user: undefined, unreadable: user.unreadable, readBody };
  return { id: user.id, user: { ...user, values: { ...OMITTED_VALUES, ...user.values } }, readBody };
}

function readUser(element: unknown, id: string | null): Reading<ClerkUser> {
  if (!isObject(element)) return refuseShape([{ path: '', message: 'Expected an object' }]);
  return id === null ? refuseId('id', 'The user has no id.') : parseUser(element);
}
