import { answerRefusal, type FakeAnswer } from './clerk-answers.ts';

export interface RateLimit {
  readonly requests: number;
  readonly perMs: number;
}

/** Counts requests in windows of `perMs`; beyond `requests` a 429 says how many seconds are left, rounded up. */
export function createRateLimit({ requests, perMs }: RateLimit): () => FakeAnswer | undefined {
  let since = Number.NEGATIVE_INFINITY;
  let count = 0;
  return function limit() {
    const now = performance.now();
    if (now - since >= perMs) {
      since = now;
      count = 0;
    }
    count += 1;
    if (count <= requests) return;
    const seconds = Math.max(1, Math.ceil((since + perMs - now) / 1000));
    return { ...answerRefusal(429), headers: { 'retry-after': String(seconds) } };
  };
}
