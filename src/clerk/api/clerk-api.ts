import type { Tracing } from '../../tracing/tracing.ts';
import { createUserChanges, type UserChanges } from './change-user.ts';
import { ClerkApiError } from './clerk-api-error.ts';
import { createRequester, type Sender, type Timings, type Wait } from './create-requester.ts';
import { type ApiAnswer, fetchAnswer } from './fetch-answer.ts';
import { isAskable } from './is-askable.ts';
import {
  type ApiInstance,
  type ApiPage,
  type ObservedUser,
  readCount,
  readInstance,
  readOneUser,
  readPage,
} from './read-answers.ts';

export type { ApiUser } from './api-user.ts';
export type { ApiInstance, ApiPage, ObservedUser } from './read-answers.ts';

/** Which users, in which order. `limit` is up to 500, which is the default. */
export type UserQuery = { readonly limit?: number } & (
  | {
      /** The oldest first. */
      readonly order: 'created_at';
      /** Only those behind this user. */
      readonly startingAfter?: string;
      /** Only those created later, for the case that Clerk no longer knows the user to start after. */
      readonly createdAfter?: Date;
    }
  | { /** The last changed first. */ readonly order: '-updated_at'; readonly offset: number }
);

/** Clerk's Backend API, as far as it is needed. Every call may throw a `ClerkApiError`, or the signal's reason. */
export interface ClerkApi {
  /** @throws {RangeError} for a limit that Clerk would answer with 10 users; {ClerkApiError} `cursor_unknown`. */
  listUsers(query: UserQuery): Promise<ApiPage>;
  /**
   * Undefined only if Clerk itself says that there is no such user. Any other 404, of a proxy or at a wrong address,
   * throws.
   */
  getUser(id: string): Promise<ObservedUser | undefined>;
  countUsers(): Promise<number>;
  /** Undefined if the API does not know this question. */
  getInstance(): Promise<ApiInstance | undefined>;
  /** What changes a user. These calls are made once, and wait for no turn. */
  readonly changes: UserChanges;
  /** How far Clerk's clock is ahead of ours in ms, give or take a second, at the last answer. */
  readonly clockOffsetMs: number | undefined;
}

/** What the client needs. */
export interface ClerkApiOptions {
  readonly secretKey: string;
  /** In front of `/v1`. */
  readonly apiUrl: string;
  /** What Clerk's logs know us by, such as `clerk-sync/1.0.0`. */
  readonly userAgent?: string;
  /** Ends requests and waits at once. */
  readonly signal?: AbortSignal | undefined;
  /** Told before each pause. */
  readonly onWait?: ((wait: Wait) => void) | undefined;
  readonly timings?: Partial<Timings>;
  readonly tracing?: Pick<Tracing, 'traceCall'> | undefined;
}

/** The version whose `User` the schema knows. */
const API_VERSION = '2026-05-12';
/** Asked for more, Clerk silently serves 10. */
const MAX_LIMIT = 500;
/** What Clerk answers about a user it does not have. */
const NOT_FOUND = 'resource_not_found';

const SECRET_KEY = /^sk_(?:live|test)_[\w-]+$/;

const DEFAULT_TIMINGS: Omit<Timings, 'rate'> = {
  requestMs: 30_000,
  failingMs: 120_000,
  limitedMs: 900_000,
  firstPauseMs: 500,
  longestPauseMs: 20_000,
};

/**
 * Makes a client of the Backend API. `@clerk/backend` is not used: its `User` drops fields, it knows no cursor, makes two
 * requests a page and tries nothing again.
 *
 * @throws {ClerkApiError} `unauthorized` for a key that is none.
 */
export function createClerkApi(options: ClerkApiOptions): ClerkApi {
  const { secretKey, apiUrl, userAgent = 'clerk-sync', signal, onWait, tracing } = options;
  if (!SECRET_KEY.test(secretKey)) throw new ClerkApiError('unauthorized', 'it is not sk_live_ or sk_test_ and so on');
  const timings = { ...DEFAULT_TIMINGS, rate: chooseRate(secretKey), ...options.timings };
  let clockOffsetMs: number | undefined;
  const sendOnce: Sender = async ({ method, path, body = null }) => {
    const headers = {
      accept: 'application/json',
      authorization: `Bearer ${secretKey}`,
      'clerk-api-version': API_VERSION,
      'user-agent': userAgent,
      ...(body !== null && { 'content-type': 'application/json' }),
    };
    const options = { method, headers, body, timeoutMs: timings.requestMs, signal };
    const answer = await fetchAnswer(`${apiUrl}/v1${path}`, options);
    clockOffsetMs = readClockOffset(answer) ?? clockOffsetMs;
    return answer;
  };
  const send: Sender = tracing === undefined ? sendOnce : (call) => tracing.traceCall(call, () => sendOnce(call));
  const request = createRequester({ send, timings, signal, onWait });
  return {
    changes: createUserChanges(send),
    async listUsers(query) {
      const { limit = MAX_LIMIT } = query;
      if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
        throw new RangeError(`Clerk serves pages of 1 to ${MAX_LIMIT} users, not of ${limit}.`);
      }
      const page = request({ path: `/users?${toSearch(query, limit)}`, read: (answer) => readPage(answer, limit) });
      return query.order === 'created_at' && query.startingAfter !== undefined ? page.catch(explainCursor) : page;
    },
    async getUser(id) {
      const path = `/users/${toPathPart(id)}`;
      try {
        return await request({ path, read: (answer) => readOneUser(answer, id) });
      } catch (error) {
        if (isRefusal(error, [404]) && error.clerkCode === NOT_FOUND) return;
        throw error;
      }
    },
    countUsers: () => request({ path: '/users/count', read: readCount }),
    async getInstance() {
      try {
        return await request({ path: '/instance', read: readInstance });
      } catch (error) {
        if (isRefusal(error, [404])) return;
        throw error;
      }
    },
    get clockOffsetMs() {
      return clockOffsetMs;
    },
  };
}

/**
 * Half of what Clerk allows an instance (clerk.com/docs: 1,000 requests in 10 s in production, 100 in development), since
 * the application that it belongs to asks as well.
 */
function chooseRate(secretKey: string): Timings['rate'] {
  return { requests: secretKey.startsWith('sk_live_') ? 500 : 50, perMs: 10_000 };
}

/** `URLSearchParams` writes a `+` as `%2B`. As it is, Clerk would read a space. */
function toSearch(query: UserQuery, limit: number): URLSearchParams {
  const search = new URLSearchParams({ limit: String(limit) });
  if (query.order === '-updated_at') {
    search.set('order_by', '-updated_at');
    search.set('offset', String(query.offset));
    return search;
  }
  search.set('order_by', '+created_at');
  if (query.startingAfter !== undefined) search.set('starting_after', query.startingAfter);
  if (query.createdAfter !== undefined) search.set('created_at_after', String(query.createdAfter.getTime()));
  return search;
}

/** @throws {ClerkApiError} `bad_request`. */
function toPathPart(id: string): string {
  if (isAskable(id)) return id;
  throw new ClerkApiError('bad_request', 'no user can have such an id');
}

function explainCursor(error: unknown): never {
  if (!isRefusal(error, [400, 404, 422])) throw error;
  // A 404 that is not Clerk's is no word on the cursor.
  if (error.status === 404 && error.clerkCode === undefined) throw error;
  throw new ClerkApiError('cursor_unknown', 'it is refused', error);
}

function isRefusal(error: unknown, statuses: readonly number[]): error is ClerkApiError {
  return error instanceof ClerkApiError && error.status !== undefined && statuses.includes(error.status);
}

/** The header is cut to the second: half a one is what it lacks on average, as half of the time was the way back. */
function readClockOffset({ headers, observedAt, answeredAt }: ApiAnswer): number | undefined {
  const clerksMs = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(clerksMs)) return undefined;
  return Math.round(clerksMs + 500 - (observedAt.getTime() + answeredAt.getTime()) / 2);
}
