/** Asked again after five minutes, and so seldom that it takes at most a hundredth of the time. */
const MIN_AGE_MS = 5 * 60_000;
const SHARE = 100;

/**
 * Wraps a question whose answer is dear and may be old. Whoever reads gets the latest answer at once, and undefined before
 * the first or where the latest attempt failed. A read also asks again, in the background, where the answer is old.
 */
export function refreshBehind<T>(ask: () => Promise<T>): () => T | undefined {
  let answer: T | undefined;
  let nextAt = 0;
  const refresh = async () => {
    const startedAt = performance.now();
    nextAt = Number.POSITIVE_INFINITY;
    // That the database did not answer is told by the metrics that ask it at each scrape.
    answer = await ask().catch(() => undefined);
    const endedAt = performance.now();
    nextAt = endedAt + Math.max(MIN_AGE_MS, SHARE * (endedAt - startedAt));
  };
  return function readLatest() {
    if (performance.now() >= nextAt) void refresh();
    return answer;
  };
}
