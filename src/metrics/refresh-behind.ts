/** It is asked again after five minutes, and rarely enough to need up to a hundredth of the time. */
const MIN_AGE_MS = 5 * 60_000;
const SHARE = 100;

/**
 * Wraps a question whose answer is expensive and may be old. A read gets the last answer at once, or undefined before the first
 * answer and after a failure. If the answer is old, a read also asks again in the background.
 */
export function refreshBehind<T>(ask: () => Promise<T>): () => T | undefined {
  let answer: T | undefined;
  let nextAt = 0;
  const refresh = async () => {
    const startedAt = performance.now();
    nextAt = Number.POSITIVE_INFINITY;
    // Other metrics ask the database at each scrape and show that it does not answer.
    answer = await ask().catch(() => undefined);
    const endedAt = performance.now();
    nextAt = endedAt + Math.max(MIN_AGE_MS, SHARE * (endedAt - startedAt));
  };
  return function readLatest() {
    if (performance.now() >= nextAt) void refresh();
    return answer;
  };
}
