import { setTimeout as delay } from 'node:timers/promises';
import pRetry, { type RetryContext } from 'p-retry';
import pThrottle from 'p-throttle';
import { ClerkApiError } from './clerk-api-error.ts';
import type { ApiAnswer } from './fetch-answer.ts';
import { readRefusal } from './read-refusal.ts';

/** How long it takes before something is given up, and how often it is asked. */
export interface Timings {
  /** For one request and its whole answer. Default 30,000 ms. */
  readonly requestMs: number;
  /** For attempts that fail, and the pauses between them, added up. Default 120,000 ms. */
  readonly failingMs: number;
  /** For waits that Clerk's rate limit asks for, added up. Default 900,000 ms. */
  readonly limitedMs: number;
  /** The first pause after a failure. Each is twice as long as the one before, and up to twice as long again by chance. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** So many requests in any stretch of so many ms. */
  readonly rate: { readonly requests: number; readonly perMs: number };
}

/** A pause before the next attempt. */
export interface Wait {
  readonly ms: number;
  /** What is wrong: `ClerkApiError.problem`. */
  readonly why: string;
}

/** One request, before it is sent. */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Behind the API's address, with its query: `/users?limit=1`. */
  readonly path: string;
  /** JSON text, sent as it is. */
  readonly body?: string | undefined;
}

/** Makes one request, once. Throws a `ClerkApiError` where no whole answer comes, or the signal's reason. */
export type Sender = (call: ApiCall) => Promise<ApiAnswer>;

/** What every request has in common. */
export interface RequesterOptions {
  readonly send: Sender;
  readonly timings: Timings;
  readonly signal: AbortSignal | undefined;
  readonly onWait: ((wait: Wait) => void) | undefined;
}

/** One question, and how its answer is read. */
export interface ApiRequest<T> {
  /** Behind the API's address, with its query: `/users?limit=1`. */
  readonly path: string;
  /** Reads a success. What it throws as a `ClerkApiError` `invalid_answer` is asked for again: it may be half a page. */
  readonly read: (answer: ApiAnswer) => T;
}

/** Asks the Backend API one question, as many times as it takes. */
export type Requester = <T>(request: ApiRequest<T>) => Promise<T>;

/**
 * Makes the function through which all questions of one client go. Failures that pass are tried again with growing, random
 * pauses. A 429 holds back every request for as long as it says.
 *
 * @throws {ClerkApiError} from the returned function, when trying again does not help; the signal's reason when it aborts.
 */
export function createRequester(options: RequesterOptions): Requester {
  const { send, timings, signal, onWait } = options;
  const takeTurn = createThrottle(options);
  let resumeAt = 0;

  /** Who has had a turn looks again: another request may have been told to wait meanwhile. */
  async function waitForTurn(): Promise<void> {
    do {
      const ms = resumeAt - performance.now();
      if (ms > timings.limitedMs) throw new ClerkApiError('rate_limited', describeWait(ms), { retryAfterMs: ms });
      if (ms > 0) await delay(ms, undefined, { signal });
      await takeTurn();
    } while (performance.now() < resumeAt);
  }

  async function attempt<T>({ path, read }: ApiRequest<T>): Promise<T> {
    await waitForTurn();
    const answer = await send({ method: 'GET', path });
    if (answer.status === 200) return read(answer);
    const refusal = readRefusal(answer);
    if (asksToWait(refusal)) resumeAt = Math.max(resumeAt, performance.now() + chooseWait(refusal, timings));
    throw refusal;
  }

  return async function requestPatiently(request) {
    const spend = createBudget(timings);
    return pRetry(() => attempt(request), {
      ...(signal && { signal }),
      retries: Number.POSITIVE_INFINITY,
      minTimeout: timings.firstPauseMs,
      maxTimeout: timings.longestPauseMs,
      randomize: true,
      // Then the next attempt waits, together with all others, and there is no pause of its own.
      shouldConsumeRetry: ({ error }) => !asksToWait(error),
      shouldRetry: ({ error, retryDelay }: RetryContext) => {
        const ms = asksToWait(error) ? Math.max(0, resumeAt - performance.now()) : retryDelay;
        if (!spend(error, ms)) return false;
        onWait?.({ ms: Math.round(ms), why: (error as ClerkApiError).problem });
        return true;
      },
    });
  };
}

/** Strict: p-throttle's other way lets through twice the number where two windows meet. */
function createThrottle({ timings: { rate }, signal }: RequesterOptions): () => Promise<void> {
  const limits = { limit: rate.requests, interval: rate.perMs, strict: true };
  // It throws at once on a signal that has aborted. A request does so by itself.
  const throttle = pThrottle(signal === undefined || signal.aborted ? limits : { ...limits, signal });
  return throttle(async () => undefined);
}

function asksToWait(error: unknown): boolean {
  return error instanceof ClerkApiError && error.code === 'rate_limited' && error.retryAfterMs !== undefined;
}

/** As long as Clerk says, and a little longer by chance: programs that were told the same must not come together. */
function chooseWait({ retryAfterMs = 0 }: ClerkApiError, { firstPauseMs }: Timings): number {
  return retryAfterMs + Math.random() * firstPauseMs;
}

function describeWait(ms: number): string {
  return `it asks to wait ${Math.ceil(ms / 1000)} s`;
}

/** Adds up the time that one request has cost, failures and rate limits apart. False: that was enough. */
function createBudget({ failingMs, limitedMs }: Timings) {
  const left = { failing: failingMs, limited: limitedMs };
  let since = performance.now();
  return function spend(error: Error, pauseMs: number): boolean {
    if (!(error instanceof ClerkApiError) || !PASSING.has(error.code)) return false;
    const now = performance.now();
    const kind = error.code === 'rate_limited' ? 'limited' : 'failing';
    left[kind] -= now - since + pauseMs;
    since = now + pauseMs;
    return left[kind] > 0;
  };
}

/** What may be different a moment later. */
const PASSING: ReadonlySet<string> = new Set(['rate_limited', 'unavailable', 'invalid_answer']);
