import type { Socket } from 'node:net';
import type postgres from 'postgres';
import { createClient } from './create-client.ts';
import { DatabaseUnavailableError } from './database-errors.ts';
import { openSocket } from './open-socket.ts';
import type { DatabaseTarget } from './target/database-target.ts';

/** What a statement's parameter can be: anything richer is sent as JSON text and cast in the statement. */
export type Parameter = string | number | boolean | null;

/** One database session, lent for the length of one piece of work; statements that come later are refused. */
export interface Session {
  /** Runs one prepared statement. Statements issued without awaiting each other are pipelined in order. */
  run<Row extends object = Record<string, unknown>>(statement: string, parameters?: Parameter[]): Promise<Row[]>;
  /** The same session as its driver shows it, for `openDrizzle`. */
  readonly driver: Pick<postgres.Sql, 'options' | 'unsafe'>;
}

export interface ConnectionOptions {
  readonly target: DatabaseTarget;
  readonly applicationName: string;
  /** How long Postgres itself lets one statement, or one idle transaction, last. */
  readonly statementTimeoutMs: number;
  /** Overrides a server whose default would acknowledge commits that a crash can take back. */
  readonly forceSynchronousCommit: boolean;
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
    const { target, applicationName } = options;
    this.#client = createClient(target, {
      applicationName,
      onclose: () => void this.destroy(),
      openSocket: () => this.#openSocket(target),
    });
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
    try {
      // Awaited alone: a statement that travelled with it would be committed by itself if it failed.
      await this.#client.unsafe(this.#begin);
      const result = await work(lease.session);
      lease.end();
      await this.#commit();
      return result;
    } catch (error) {
      lease.end();
      await this.#rollback();
      throw error;
    }
  }

  /** Drops the connection at once; whatever runs on it is rejected. */
  async destroy(): Promise<void> {
    this.#broken = true;
    await this.#client.end({ timeout: 0 });
    // A server that hangs would otherwise keep the socket.
    this.#end.abort();
  }

  #lend(): { session: Session; end(): void } {
    let ended = false;
    const unsafe: postgres.Sql['unsafe'] = (...parameters) => {
      this.#assertUsable();
      if (ended) throw new Error('A statement came after the end of the work that the session was lent for.');
      return this.#client.unsafe(...parameters) as never;
    };
    const session: Session = {
      run: async (statement, parameters = []) => unsafe(statement, parameters, { prepare: true }) as never,
      driver: { options: this.#client.options, unsafe },
    };
    this.#assertUsable();
    return {
      session,
      end: () => {
        ended = true;
      },
    };
  }

  async #commit(): Promise<void> {
    this.#assertUsable();
    const { command } = await this.#client.unsafe('commit');
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
  async #openSocket(target: DatabaseTarget): Promise<Socket> {
    try {
      this.#assertUsable();
      if (this.#opened) throw new DatabaseUnavailableError('The database closed the connection.');
      this.#opened = true;
      return await openSocket(target, this.#end.signal);
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
