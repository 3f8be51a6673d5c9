/** What was started and has to be stopped. Node 24 has `AsyncDisposableStack` for this; Node 22 does not. */
export interface StopStack {
  /**
   * Remembers how to stop what was just started.
   *
   * @throws if the stop has already begun: nothing more may be started.
   */
  defer(stop: () => unknown): void;
  /**
   * Stops everything, the newest first, one after another. If one stop fails, the others still run. A second call does
   * nothing.
   *
   * @throws the error of the stop that failed; an `AggregateError` if there are several.
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
      if (isStopping) throw new Error('Nothing can be started during the stop.');
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
