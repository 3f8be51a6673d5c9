import { type ApiUser, readApiUser } from './api-user.ts';
import { ClerkApiError } from './clerk-api-error.ts';
import type { ApiCall, Sender } from './create-requester.ts';
import type { ApiAnswer } from './fetch-answer.ts';
import { isAskable } from './is-askable.ts';
import { readObject } from './read-answers.ts';
import { type ClerkErrors, readClerkErrors } from './read-clerk-errors.ts';
import { readRetryAfter } from './read-refusal.ts';

/** What became of one call that changes a user at Clerk. Only `user` and `done` say that it was applied. */
export type ChangeAnswer =
  | { readonly kind: 'user'; readonly user: ApiUser /** Just before the request. */; readonly observedAt: Date }
  /** Applied; the answer holds no user. */
  | { readonly kind: 'done' }
  /** Clerk's own refusal: the same call would be refused again. */
  | ({ readonly kind: 'refused'; readonly status: number } & ClerkErrors)
  /** Clerk has no user, or no e-mail address, with the id that the path names. */
  | ({ readonly kind: 'not_found' } & ClerkErrors)
  | { readonly kind: 'rate_limited'; readonly retryAfterMs: number }
  /** A 409. Known: something else changes the user at this moment. Otherwise nobody knows whether it will pass. */
  | ({ readonly kind: 'busy'; readonly isKnown: boolean } & ClerkErrors)
  /** The key is not accepted. */
  | { readonly kind: 'unauthorized' }
  /** Nothing has reached Clerk: there was no connection. */
  | { readonly kind: 'not_sent' }
  /** It may have been applied or not. The status is null where no whole answer came. */
  | { readonly kind: 'unclear'; readonly status: number | null };

/**
 * The calls that change a user. Each is sent once, at once, and resolves for everything that can happen; it rejects only
 * with the reason of the client's signal. A body is JSON text, and its bytes are sent unchanged.
 */
export interface UserChanges {
  patchUser(id: string, body: string): Promise<ChangeAnswer>;
  /** Replaces each kind of metadata that the body names. */
  putMetadata(id: string, body: string): Promise<ChangeAnswer>;
  /** Merges into each kind of metadata that the body names; null removes a key. */
  patchMetadata(id: string, body: string): Promise<ChangeAnswer>;
  ban(id: string): Promise<ChangeAnswer>;
  unban(id: string): Promise<ChangeAnswer>;
  lock(id: string): Promise<ChangeAnswer>;
  unlock(id: string): Promise<ChangeAnswer>;
  deleteUser(id: string): Promise<ChangeAnswer>;
  addEmail(body: string): Promise<ChangeAnswer>;
  /** Changes whether an e-mail address is verified or primary. */
  changeEmail(emailId: string, body: string): Promise<ChangeAnswer>;
  dropEmail(emailId: string): Promise<ChangeAnswer>;
}

/**
 * Makes the calls that change a user. They do not wait for the client's other requests, and a 429 does not hold those back:
 * the caller keeps limits that all processes share.
 */
export function createUserChanges(send: Sender): UserChanges {
  const change = async (call: ApiCall, readSuccess: (answer: ApiAnswer) => ChangeAnswer): Promise<ChangeAnswer> => {
    try {
      return readAnswer(await send(call), call, readSuccess);
    } catch (error) {
      if (error instanceof ClerkApiError) return readFailure(error);
      throw error;
    }
  };
  const changeUser = async (method: ApiCall['method'], id: string, rest: string, body?: string) =>
    isAskable(id) ? change({ method, path: `/users/${id}${rest}`, body }, (answer) => readUser(answer, id)) : UNKNOWN;
  const changeEmail = async (method: ApiCall['method'], id: string, body?: string) =>
    isAskable(id) ? change({ method, path: `/email_addresses/${id}`, body }, readDone) : UNKNOWN;
  return {
    patchUser: (id, body) => changeUser('PATCH', id, '', body),
    putMetadata: (id, body) => changeUser('PUT', id, '/metadata', body),
    patchMetadata: (id, body) => changeUser('PATCH', id, '/metadata', body),
    ban: (id) => changeUser('POST', id, '/ban'),
    unban: (id) => changeUser('POST', id, '/unban'),
    lock: (id) => changeUser('POST', id, '/lock'),
    unlock: (id) => changeUser('POST', id, '/unlock'),
    deleteUser: async (id) => (isAskable(id) ? change({ method: 'DELETE', path: `/users/${id}` }, readDone) : UNKNOWN),
    addEmail: (body) => change({ method: 'POST', path: '/email_addresses', body }, readDone),
    changeEmail: (emailId, body) => changeEmail('PATCH', emailId, body),
    dropEmail: (emailId) => changeEmail('DELETE', emailId),
  };
}

/** Of an id that can't be one: nothing is asked. */
const UNKNOWN: ChangeAnswer = {
  kind: 'not_found',
  ...makeErrors('resource_not_found', 'Clerk can have nothing with such an id.'),
};
const TOO_LARGE = makeErrors(
  'request_body_too_large',
  'Something between here and Clerk refuses a request of this size: ask for less at once.',
);

/** An error in Clerk's form where Clerk has not been asked, or has not answered. */
function makeErrors(code: string, message: string): ClerkErrors {
  return { errors: [{ code, message }], property: null, traceId: null };
}

/** What Clerk answers of a user whom something else changes at this moment. */
const BUSY_CODES: ReadonlySet<string> = new Set(['resource_locked', 'conflict']);
/** What Clerk answers where a directory owns the user, or the property. */
const DIRECTORY_CODES: ReadonlySet<string> = new Set(['attribute_managed_by_scim', 'user_managed_by_scim']);

function readAnswer(answer: ApiAnswer, call: ApiCall, readSuccess: (answer: ApiAnswer) => ChangeAnswer): ChangeAnswer {
  const { status } = answer;
  if (status === 200) return readSuccess(answer);
  if (status === 401) return { kind: 'unauthorized' };
  if (status === 429) return { kind: 'rate_limited', retryAfterMs: chooseWait(answer) };
  const refusal = readClerkErrors(answer.text, call.body);
  const code = refusal.errors[0]?.code;
  if (status === 409 && !DIRECTORY_CODES.has(code ?? '')) {
    return { kind: 'busy', isKnown: BUSY_CODES.has(code ?? ''), ...refusal };
  }
  // A proxy may answer, too. It knows nothing of users, but it can refuse every long body.
  if (code === undefined && status === 413) return { kind: 'refused', status, ...TOO_LARGE };
  if (code === undefined || status < 400 || status === 408 || status >= 500) return { kind: 'unclear', status };
  // If a property is named, its value is what Clerk has not found.
  const isGone = status === 404 && code === 'resource_not_found' && refusal.property === null;
  return isGone ? { kind: 'not_found', ...refusal } : { kind: 'refused', status, ...refusal };
}

/** A 200 that is not about this user was changed on its way: nobody knows what Clerk has done. */
function readUser(answer: ApiAnswer, id: string): ChangeAnswer {
  const user = readApiUser(readObject(answer));
  return user.id === id ? { kind: 'user', user, observedAt: answer.observedAt } : { kind: 'unclear', status: 200 };
}

/** An `EmailAddress`, or a `DeletedObject`. */
function readDone(answer: ApiAnswer): ChangeAnswer {
  const { object, deleted } = readObject(answer);
  return object === 'email_address' || deleted === true ? { kind: 'done' } : { kind: 'unclear', status: 200 };
}

/** Where no connection was made, so that nothing can have been applied. */
const UNSENT_CODES: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'],
  ...['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN'],
  ...['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ERR_TLS_CERT_ALTNAME_INVALID'],
]);

function readFailure({ status, systemCode = '' }: ClerkApiError): ChangeAnswer {
  return UNSENT_CODES.has(systemCode) ? { kind: 'not_sent' } : { kind: 'unclear', status: status ?? null };
}

/** Clerk's windows last ten seconds. */
const USUAL_WAIT_MS = 10_000;
/** After a longer wait it is worth one request to ask again: a wrong header must not stop a user for days. */
const LONGEST_WAIT_MS = 900_000;

function chooseWait(answer: ApiAnswer): number {
  return Math.min(Math.max(1000, readRetryAfter(answer) ?? USUAL_WAIT_MS), LONGEST_WAIT_MS);
}
