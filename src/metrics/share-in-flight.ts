/**
 * Wraps a question so that all who ask at the same time share one answer: many probes and scrapes make one query at a time.
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
