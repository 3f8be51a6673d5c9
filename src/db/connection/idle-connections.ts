import type { Connection } from './connection.ts';

/** The connections of a pool that nobody uses, the last used one first. */
export class IdleConnections {
  readonly #idle: { readonly connection: Connection; readonly since: number }[] = [];
  readonly #maxIdleMs: number | undefined;

  /** @param maxIdleMs as in `PoolOptions`. */
  constructor(maxIdleMs: number | undefined) {
    this.#maxIdleMs = maxIdleMs;
  }

  put(connection: Connection): void {
    if (this.#maxIdleMs !== undefined) connection.unref();
    this.#idle.push({ connection, since: Date.now() });
  }

  /** One that can still be used; those that can't are dropped. */
  take(): Connection | undefined {
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      const { connection, since } = last;
      if (!connection.broken && !this.#isFrozen(since)) {
        if (this.#maxIdleMs !== undefined) connection.ref();
        return connection;
      }
      void connection.destroy();
    }
    return undefined;
  }

  takeAll(): Connection[] {
    return this.#idle.splice(0).map(({ connection }) => connection);
  }

  /** The other end may have gone meanwhile, and its farewell not have been read. A clock that was set back tells nothing. */
  #isFrozen(since: number): boolean {
    const idleMs = Date.now() - since;
    return this.#maxIdleMs !== undefined && (idleMs > this.#maxIdleMs || idleMs < 0);
  }
}
