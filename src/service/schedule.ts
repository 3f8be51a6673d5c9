/** Work that runs beside the deliveries until it is stopped. */
export interface Schedule {
  /** Lets the step that is under way be the last. */
  stop(): void;
  /** Resolves when nothing runs any more. */
  readonly ended: Promise<void>;
}

/** Starts such work. It gets the signal that ends it, and reports its own failures. */
export function startSchedule(work: (signal: AbortSignal) => Promise<void>): Schedule {
  const stopping = new AbortController();
  return { stop: () => stopping.abort(), ended: work(stopping.signal) };
}
