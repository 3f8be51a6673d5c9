import { answerRefusal, type FakeAnswer } from './clerk-answers.ts';

export interface RateLimit {
  readonly requests: number;
  readonly perMs: number;
}

/** Counts requests in windows of `perMs`; beyond `requests` a 429 says how many seconds are left, rounded up. */
export function createRateLimit({ requests, perMs }: RateLimit, readNow: () => number): () => FakeAnswer | undefined {
  let since = Number.NEGATIVE_INFINITY;
  let count = 0;
  return function limit() {
    const now = readNow();
    if (now - since >= perMs) {
      since = now;
      count = 0;
    }
    count += 1;
    if (count <= requests) return;
    return answerLimited(since + perMs - now);
  };
}

/** A 429 that asks to wait so many ms: in whole seconds, as Clerk does. */
export function answerLimited(ms: number): FakeAnswer {
  return { ...answerRefusal(429), headers: { 'retry-after': String(Math.max(1, Math.ceil(ms / 1000))) } };
}
