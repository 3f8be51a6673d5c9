/** Where one waits until there may be something to do. */
export interface Gate {
  /** Lets through who waits, or else who comes next. */
  readonly open: () => void;
  /** Resolves once the gate is open, and closes it; after `ms` in any case. */
  readonly pass: (ms: number) => Promise<void>;
}

/** Makes a gate that is closed. */
export function createGate(): Gate {
  let opened = Promise.withResolvers<void>();
  return {
    open: () => opened.resolve(),
    async pass(ms) {
      const timer = setTimeout(opened.resolve, ms);
      await opened.promise;
      clearTimeout(timer);
      opened = Promise.withResolvers();
    },
  };
}
