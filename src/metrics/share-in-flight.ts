/**
 * Wraps a question so that those who ask while an answer is on its way share that answer: however many probes and
 * scrapes anyone sends, the database is asked by one at a time.
 */
export function shareInFlight<T>(ask: () => Promise<T>): () => Promise<T> {
  let inFlight: Promise<T> | undefined;
  return function askOnce() {
    inFlight ??= ask().finally(() => {
      inFlight = undefined;
    });
    return inFlight;
  };
}
