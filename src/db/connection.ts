import type { Socket } from 'node:net';
import postgres from 'postgres';
import { DatabaseUnavailableError } from './database-errors.ts';
import { type DatabaseAddress, openSocket } from './open-socket.ts';

/** What a statement's parameter can be: anything richer is sent as JSON text and cast in the statement. */
export type Parameter = string | number | boolean | null;

/** One database session, lent for the length of one piece of work; statements that come later are refused. */
export interface Session {
  /** Runs one prepared statement. Statements issued without awaiting each other are pipelined in order. */
  run<Row extends object = Record<string, unknown>>(statement: string, parameters?: Parameter[]): Promise<Row[]>;
  /**
   * Runs a statement whose rows nobody needs. It travels at once, and the transaction's commit right behind it: if the
   * statement fails, so does the commit, with the statement's error.
   */
  post(statement: string, parameters?: Parameter[]): void;
  /** The same session as its driver shows it, for `openDrizzle`. */
  readonly driver: Pick<postgres.Sql, 'options' | 'unsafe'>;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly applicationName: string;
  /** How long Postgres itself lets one statement, or one idle transaction, last. */
  readonly statementTimeoutMs: number;
  /** Overrides a server whose default would acknowledge commits that a crash can take back. */
  readonly forceSynchronousCommit: boolean;
}

/** A session while it is lent, and the statements on it that nobody has awaited yet. */
interface Lease {
  readonly session: Session;
  readonly posted: readonly Promise<unknown>[];
  post(query: postgres.PendingQuery<postgres.Row[]>): void;
  end(): void;
}

/**
 * One connection, used by one piece of work at a time and thrown away once it was lost.
 *
 * Each has its own postgres.js client of size one. The client's own pool reconnects silently, and then runs on a fresh
 * session, outside of any transaction, whatever of a broken one was still waiting; a connection that breaks with a write
 * pending keeps the stale bytes (porsager/postgres #823, #1189, #1204). Neither can happen to a client that is given one
 * socket in its life.
 */
export class Connection {
  readonly #client: postgres.Sql;
  readonly #begin: string;
  readonly #end = new AbortController();
  #opened = false;
  #broken = false;

  constructor(options: ConnectionOptions) {
    this.#begin = [
      'begin isolation level read committed',
      `set local statement_timeout = ${options.statementTimeoutMs}`,
      `set local idle_in_transaction_session_timeout = ${options.statementTimeoutMs}`,
      ...(options.forceSynchronousCommit ? ['set local synchronous_commit = on'] : []),
    ].join('; ');
    this.#client = postgres(options.url, {
      max: 1,
      connect_timeout: 5,
      max_lifetime: null,
      idle_timeout: 0,
      fetch_types: false,
      onnotice: () => undefined,
      onclose: () => void this.destroy(),
      connection: { application_name: options.applicationName },
      // Documented, and missing in its types.
      ...{ socket: () => this.#openSocket(address) },
    });
    const { host, port, path } = this.#client.options;
    const address = { host: [...host], port: [...port], path: path as string | false };
    // postgres.js keeps errors of connecting to itself while it knows of a further host, and never tells anyone.
    host.splice(1);
  }

  /** True once the connection was lost or given up: it must not be lent again. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Lends the session without a transaction. */
  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const lease = this.#lend();
    try {
      return await work(lease.session);
    } catch (error) {
      await this.#rollback();
      throw error;
    } finally {
      lease.end();
    }
  }

  /** Runs `work` between `begin` and `commit`; anything it throws rolls back. Resolves only after the commit. */
  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const lease = this.#lend();
    // The first statement travels with it. That is safe: a `begin` fails only with its connection, which is never opened
    // twice, and a failed `set local` leaves an aborted transaction, in which nothing else runs.
    lease.post(this.#client.unsafe(this.#begin));
    try {
      const result = await work(lease.session);
      lease.end();
      await this.#commit(lease.posted);
      return result;
    } catch (error) {
      lease.end();
      const failure = await findFailure(lease.posted);
      await this.#rollback();
      throw failure ?? error;
    }
  }

  /** Drops the connection at once; whatever runs on it is rejected. */
  async destroy(): Promise<void> {
    this.#broken = true;
    await this.#client.end({ timeout: 0 });
    // A server that hangs would otherwise keep the socket.
    this.#end.abort();
  }

  #lend(): Lease {
    let ended = false;
    const posted: Promise<unknown>[] = [];
    const post = (query: postgres.PendingQuery<postgres.Row[]>) => {
      posted.push(query.execute());
      // It is awaited with the commit. Until then its failure is no unhandled one.
      query.catch(() => undefined);
    };
    const unsafe: postgres.Sql['unsafe'] = (...parameters) => {
      this.#assertUsable();
      if (ended) throw new Error('A statement came after the end of the work that the session was lent for.');
      return this.#client.unsafe(...parameters) as never;
    };
    const session: Session = {
      run: async (statement, parameters = []) => unsafe(statement, parameters, { prepare: true }) as never,
      post: (statement, parameters = []) => post(unsafe(statement, parameters, { prepare: true })),
      driver: { options: this.#client.options, unsafe },
    };
    this.#assertUsable();
    return {
      session,
      posted,
      post,
      end: () => {
        ended = true;
      },
    };
  }

  async #commit(posted: readonly Promise<unknown>[]): Promise<void> {
    this.#assertUsable();
    const [{ command }] = await Promise.all([this.#client.unsafe('commit'), ...posted]);
    // Postgres answers the `commit` of an aborted transaction with success and the tag ROLLBACK.
    if (command !== 'COMMIT') throw new DatabaseUnavailableError('The transaction was rolled back at its commit.');
  }

  /** Also tells whether the connection is still good: one that can't roll back is in an unknown state. */
  async #rollback(): Promise<void> {
    if (this.#broken) return;
    try {
      await this.#client.unsafe('rollback');
    } catch {
      // The error that made us roll back is the one to report.
      this.#broken = true;
    }
  }

  /** Called by the driver each time it wants to connect, and granted once. */
  async #openSocket(address: DatabaseAddress): Promise<Socket> {
    try {
      this.#assertUsable();
      if (this.#opened) throw new DatabaseUnavailableError('The database closed the connection.');
      this.#opened = true;
      return await openSocket(address, this.#end.signal);
    } catch (error) {
      // The driver would let the next statement wait for a connection that nobody makes.
      this.#broken = true;
      throw error;
    }
  }

  #assertUsable(): void {
    if (this.#broken) throw new DatabaseUnavailableError('The connection to the database was lost.');
  }
}

/** The first error of statements that nobody has awaited; it explains every later one. */
async function findFailure(posted: readonly Promise<unknown>[]): Promise<unknown> {
  const ended = await Promise.allSettled(posted);
  return ended.find((one) => one.status === 'rejected')?.reason;
}
