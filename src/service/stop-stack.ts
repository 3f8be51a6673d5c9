/** What was started and has to be stopped. Node 24 has it as `AsyncDisposableStack`; Node 22 has not. */
export interface StopStack {
  /**
   * Keeps how to stop what was started just now.
   *
   * @throws when the stop has begun: whoever starts more is told not to.
   */
  defer(stop: () => unknown): void;
  /**
   * Stops everything, the newest first, each after the one before it has ended. What fails keeps nothing else from being
   * stopped. Without effect the second time.
   *
   * @throws what failed; an `AggregateError` where it was more than one.
   */
  disposeAsync(): Promise<void>;
}

/**
 * Makes an empty one.
 *
 * @example
 * ```ts
 * const started = createStopStack();
 * started.defer(() => pool.close());
 * await started.disposeAsync();
 * ```
 */
export function createStopStack(): StopStack {
  const stops: (() => unknown)[] = [];
  let isStopping = false;
  return {
    defer(stop) {
      if (isStopping) throw new Error('Everything is being stopped.');
      stops.push(stop);
    },
    async disposeAsync() {
      isStopping = true;
      const failures: unknown[] = [];
      for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
        try {
          await stop();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 1) throw new AggregateError(failures, 'Several things could not be stopped.');
      if (failures.length === 1) throw failures[0];
    },
  };
}
