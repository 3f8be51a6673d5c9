import { setTimeout as delay } from 'node:timers/promises';
import { Connection, type Session } from './connection/connection.ts';
import type { ConnectionOptions } from './connection/connection-options.ts';
import { DatabaseUnavailableError, isConflict, judgeFailure } from './errors/database-errors.ts';
import { isReadOnly } from './errors/read-only.ts';
import type { DatabaseTarget } from './target/database-target.ts';

export type { Session } from './connection/connection.ts';

/** How a pool connects, and how much. */
export interface PoolOptions {
  readonly target: DatabaseTarget;
  /** Up to this many connections, and so transactions at a time. */
  readonly size: number;
  readonly applicationName?: string;
  /** Default 8,000 ms, which is less than a delivery has. */
  readonly statementTimeoutMs?: number;
  /** For a server whose `synchronous_commit` is off: acknowledged must mean durable. */
  readonly forceSynchronousCommit?: boolean;
  /**
   * For a process that may be frozen, with its timers, between two pieces of work. A connection that was idle for longer is
   * replaced before it is used. An idle one does not keep the process running.
   */
  readonly maxIdleMs?: number;
}

/** How long one piece of work may take. */
export interface WorkOptions {
  /**
   * The limit for the connection and the work together. Default 10,000 ms. Then nobody awaits the answer, and a second later
   * the server ends the statement, too.
   */
  readonly timeoutMs?: number;
}

/** The only way to the database. Whatever reads or writes it borrows a session here. */
export interface Pool {
  /**
   * Runs `work` in a transaction and resolves after its commit. If Postgres ends it to break a deadlock, it runs again from
   * the start, so `work` must keep its effects in the database. The work may await nothing but its own statements. It
   * rejects with `DatabaseUnavailableError` if the database can't be used now, with the database's own error if it
   * refused the data, and otherwise with what the work threw.
   */
  withTransaction<T>(work: (session: Session) => Promise<T>, options?: WorkOptions): Promise<T>;
  readonly size: number;
  readonly inFlight: number;
  /** Pieces of work that wait for a connection. */
  readonly waiting: number;
  /** How often work ran again because Postgres made it give way to another transaction. */
  readonly retries: number;
  /** Refuses new work, waits for the work in flight, then closes every connection. */
  close(): Promise<void>;
}

/**
 * Creates a pool of up to `size` connections. None is opened before it is needed. Other work waits here and not in the driver,
 * which can lose a connection if more transactions begin than it has sessions.
 */
export function createPool(options: PoolOptions): Pool {
  return new ConnectionPool(options);
}

type Waiter = PromiseWithResolvers<Connection>;

class ConnectionPool implements Pool {
  readonly size: number;
  readonly #connectionOptions: ConnectionOptions;
  readonly #idle: IdleConnections;
  readonly #waiters: Waiter[] = [];
  #inFlight = 0;
  #retries = 0;
  readonly #countRetry = (): void => {
    this.#retries += 1;
  };
  #drained: PromiseWithResolvers<void> | undefined;

  constructor({ target, size, maxIdleMs, ...options }: PoolOptions) {
    this.size = size;
    this.#idle = new IdleConnections(maxIdleMs);
    this.#connectionOptions = {
      target,
      applicationName: options.applicationName ?? 'clerk-sync',
      statementTimeoutMs: options.statementTimeoutMs ?? 8000,
      forceSynchronousCommit: options.forceSynchronousCommit ?? false,
    };
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  get retries(): number {
    return this.#retries;
  }

  withTransaction<T>(work: (session: Session) => Promise<T>, options: WorkOptions = {}): Promise<T> {
    const run = (connection: Connection) => connection.transaction(work, options.timeoutMs);
    return this.#lend((connection) => retryConflicts(() => run(connection), this.#countRetry), options);
  }

  async close(): Promise<void> {
    this.#drained ??= Promise.withResolvers();
    if (this.#inFlight === 0) this.#drained.resolve();
    await this.#drained.promise;
    await destroyAll(this.#idle.takeAll());
  }

  /** Lends a connection for `use`. After the time limit it is destroyed, which rejects what it still runs. */
  async #lend<T>(use: (connection: Connection) => Promise<T>, { timeoutMs = 10_000 }: WorkOptions): Promise<T> {
    const turn = Promise.withResolvers<Connection>();
    let connection: Connection | undefined;
    const giveUp = () => (connection === undefined ? this.#abandon(turn) : void connection.destroy());
    const timer = setTimeout(giveUp, timeoutMs);
    try {
      this.#enqueue(turn);
      connection = await turn.promise;
      return await use(connection);
    } catch (error) {
      // The idle ones lead to the same server. New ones may lead to the one that takes its place.
      if (isReadOnly(error)) {
        void destroyAll([...this.#idle.takeAll(), ...(connection === undefined ? [] : [connection])]);
      }
      throw judgeFailure(error);
    } finally {
      clearTimeout(timer);
      if (connection !== undefined) this.#release(connection);
    }
  }

  #enqueue(turn: Waiter): void {
    if (this.#drained !== undefined) turn.reject(new DatabaseUnavailableError('The connection pool is closed.'));
    else if (this.#inFlight >= this.size) this.#waiters.push(turn);
    else this.#handOver(turn);
  }

  /** Counts only a connection that could be made. Otherwise its place would be lost. */
  #handOver(turn: Waiter): void {
    try {
      const connection = this.#idle.take() ?? new Connection(this.#connectionOptions);
      this.#inFlight += 1;
      turn.resolve(connection);
    } catch (error) {
      turn.reject(error);
    }
  }

  #abandon(turn: Waiter): void {
    const position = this.#waiters.indexOf(turn);
    if (position !== -1) this.#waiters.splice(position, 1);
    turn.reject(new DatabaseUnavailableError('No database connection became free in time.'));
  }

  #release(connection: Connection): void {
    if (connection.broken) void connection.destroy();
    else this.#idle.put(connection);
    this.#inFlight -= 1;
    while (this.#inFlight < this.size && this.#waiters.length > 0) this.#handOver(this.#waiters.shift() as Waiter);
    if (this.#inFlight === 0) this.#drained?.resolve();
  }
}

/** The connections of a pool that nobody uses, the last used one first. */
class IdleConnections {
  readonly #idle: { readonly connection: Connection; readonly since: number }[] = [];
  readonly #maxIdleMs: number | undefined;

  constructor(maxIdleMs: number | undefined) {
    this.#maxIdleMs = maxIdleMs;
  }

  put(connection: Connection): void {
    if (this.#maxIdleMs !== undefined) connection.unref();
    this.#idle.push({ connection, since: Date.now() });
  }

  /** One that can still be used. Those that can't are dropped. */
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

  /** The server may have closed it unnoticed. If the clock was set back, nobody knows. */
  #isFrozen(since: number): boolean {
    const idleMs = Date.now() - since;
    return this.#maxIdleMs !== undefined && (idleMs > this.#maxIdleMs || idleMs < 0);
  }
}

function destroyAll(connections: readonly Connection[]): Promise<unknown> {
  return Promise.all(connections.map((connection) => connection.destroy()));
}

const MAX_PAUSE_MS = 200;

/**
 * Runs `attempt` again, after a short random pause, if Postgres has ended it in favour of another transaction. It ends with the
 * time of the caller, because then the connection is destroyed.
 */
async function retryConflicts<T>(attempt: () => Promise<T>, onRetry: () => void): Promise<T> {
  for (let pauseMs = 10; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isConflict(error)) throw error;
      onRetry();
      await delay(Math.random() * pauseMs);
    }
  }
}
