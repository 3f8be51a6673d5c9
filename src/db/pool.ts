import { setTimeout as delay } from 'node:timers/promises';
import { Connection, type ConnectionOptions, type Session } from './connection/connection.ts';
import { IdleConnections } from './connection/idle-connections.ts';
import { DatabaseUnavailableError, describeFailure, isConflict } from './errors/database-errors.ts';
import { isReadOnly } from './errors/read-only.ts';
import type { DatabaseTarget } from './target/database-target.ts';

export type { Session } from './connection/connection.ts';

export interface PoolOptions {
  readonly target: DatabaseTarget;
  /** Connections at the most, and so transactions in flight at the most. */
  readonly size: number;
  readonly applicationName?: string;
  /** Default 8,000 ms: below the deadline that a delivery has. */
  readonly statementTimeoutMs?: number;
  /** For a server whose `synchronous_commit` is off: acknowledged must mean durable. */
  readonly forceSynchronousCommit?: boolean;
  /**
   * For a process that can be frozen between two pieces of work, timers and all. A connection that was idle for longer, by
   * the clock on the wall, is replaced before it is used; one that is idle does not keep the process running.
   */
  readonly maxIdleMs?: number;
}

export interface WorkOptions {
  /** How long the caller waits, for a connection and for the work together, before it gives up. Default 10,000 ms. */
  readonly timeoutMs?: number;
}

/** The only door to the database: everything that reads or writes it is lent a session here. */
export interface Pool {
  /**
   * Runs `work` in a transaction and resolves after its commit. As often as Postgres picks it as a deadlock's victim it
   * is run again from the start, so `work` must keep its effects in the database. The work may await nothing but its
   * own statements. Rejects with `DatabaseUnavailableError` when the database can't be used now, with the database's
   * own error when it refused the data, with whatever else the work threw.
   */
  withTransaction<T>(work: (session: Session) => Promise<T>, options?: WorkOptions): Promise<T>;
  readonly size: number;
  readonly inFlight: number;
  /** Pieces of work that wait for a connection. */
  readonly waiting: number;
  /** Refuses new work, waits for the work in flight, then closes every connection. */
  close(): Promise<void>;
}

type Waiter = PromiseWithResolvers<Connection>;

/**
 * Creates a pool of at most `size` connections; none is opened before it is needed. Work beyond that waits its turn
 * here, never inside the driver, which can lose a connection when more transactions begin than it has sessions.
 */
export function createPool(options: PoolOptions): Pool {
  const connectionOptions: ConnectionOptions = {
    target: options.target,
    applicationName: options.applicationName ?? 'clerk-sync',
    statementTimeoutMs: options.statementTimeoutMs ?? 8000,
    forceSynchronousCommit: options.forceSynchronousCommit ?? false,
  };
  const idle = new IdleConnections(options.maxIdleMs);
  const waiters: Waiter[] = [];
  let inFlight = 0;
  let drained: PromiseWithResolvers<void> | undefined;

  /** Lends a connection for `use`; past the time limit it is destroyed, which rejects whatever it still runs. */
  async function lend<T>(use: (connection: Connection) => Promise<T>, { timeoutMs = 10_000 }: WorkOptions): Promise<T> {
    const turn = Promise.withResolvers<Connection>();
    let connection: Connection | undefined;
    const timer = setTimeout(() => (connection === undefined ? abandon(turn) : void connection.destroy()), timeoutMs);
    try {
      enqueue(turn);
      connection = await turn.promise;
      return await use(connection);
    } catch (error) {
      // The others lead to the same server, and new ones may lead to the one that takes its place.
      if (isReadOnly(error)) void destroyAll([...idle.takeAll(), ...(connection === undefined ? [] : [connection])]);
      throw describeFailure(error);
    } finally {
      clearTimeout(timer);
      if (connection !== undefined) release(connection);
    }
  }

  function enqueue(turn: Waiter): void {
    if (drained !== undefined) {
      turn.reject(new DatabaseUnavailableError('The connection pool is closed.'));
    } else if (inFlight >= options.size) {
      waiters.push(turn);
    } else {
      handOver(turn);
    }
  }

  /** Counted once there is one: a connection that can't be made must not keep its place. */
  function handOver(turn: Waiter): void {
    try {
      const connection = takeConnection();
      inFlight += 1;
      turn.resolve(connection);
    } catch (error) {
      turn.reject(error);
    }
  }

  function abandon(turn: Waiter): void {
    const position = waiters.indexOf(turn);
    if (position !== -1) waiters.splice(position, 1);
    turn.reject(new DatabaseUnavailableError('No database connection became free in time.'));
  }

  function takeConnection(): Connection {
    return idle.take() ?? new Connection(connectionOptions);
  }

  function release(connection: Connection): void {
    if (connection.broken) void connection.destroy();
    else idle.put(connection);
    inFlight -= 1;
    while (inFlight < options.size && waiters.length > 0) handOver(waiters.shift() as Waiter);
    if (inFlight === 0) drained?.resolve();
  }

  return {
    size: options.size,
    get inFlight() {
      return inFlight;
    },
    get waiting() {
      return waiters.length;
    },
    withTransaction: (work, workOptions = {}) =>
      lend((connection) => retryConflicts(() => connection.transaction(work)), workOptions),
    async close() {
      drained ??= Promise.withResolvers();
      if (inFlight === 0) drained.resolve();
      await drained.promise;
      await destroyAll(idle.takeAll());
    },
  };
}

function destroyAll(connections: readonly Connection[]): Promise<unknown> {
  return Promise.all(connections.map((connection) => connection.destroy()));
}

const MAX_PAUSE_MS = 200;

/**
 * Runs `attempt` again, after a short random pause, when Postgres made it give way to another transaction. It ends at
 * the latest with the caller's time, when the connection is destroyed.
 */
async function retryConflicts<T>(attempt: () => Promise<T>): Promise<T> {
  for (let pauseMs = 10; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isConflict(error)) throw error;
      await delay(Math.random() * pauseMs);
    }
  }
}
