import type { Socket } from 'node:net';
import type postgres from 'postgres';
import { DatabaseUnavailableError } from '../errors/database-errors.ts';
import type { Statement } from '../sql/define-statement.ts';
import type { Query } from '../sql/make-query.ts';
import { getQualifier } from '../sql/qualify.ts';
import type { DatabaseTarget } from '../target/database-target.ts';
import { connect } from './connect.ts';
import { createClient } from './create-client.ts';
import { PIN_SETTINGS, pinSearchPath, READ_SEARCH_PATH } from './pinned-settings.ts';

/** What a statement's parameter can be: anything richer is sent as JSON text and cast in the statement. */
export type Parameter = string | number | boolean | null;

/** One transaction, lent for the length of one piece of work; statements that come later are refused. */
export interface Session {
  /** Runs one prepared statement. Statements issued without awaiting each other are pipelined in order. */
  run<Row extends object = Record<string, unknown>>(
    statement: Statement | string,
    parameters?: Parameter[],
  ): Promise<Row[]>;
  /** Runs one that was composed for this call, and prepares nothing. */
  run<Row extends object = Record<string, unknown>>(query: Query): Promise<Row[]>;
  /**
   * Runs a statement whose rows nobody needs. It travels at once, and the transaction's commit right behind it: if the
   * statement fails, so does the commit, with the statement's error.
   */
  post(statement: Statement | string, parameters?: Parameter[]): void;
}

export interface ConnectionOptions {
  readonly target: DatabaseTarget;
  readonly applicationName: string;
  /** How long Postgres itself lets one statement, or one idle transaction, last. */
  readonly statementTimeoutMs: number;
  /** Overrides a server whose default would acknowledge commits that a crash can take back. */
  readonly forceSynchronousCommit: boolean;
}

/** A session while it is lent. */
interface Lease {
  readonly session: Session;
  /** Every statement, in the order in which they were sent. */
  readonly sent: readonly Promise<unknown>[];
  /** Those that the commit awaits. */
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
  readonly #qualify: (statement: string) => string;
  #begin: string;
  #begun = false;
  readonly #end = new AbortController();
  #opened = false;
  #socket: Socket | undefined;
  #broken = false;

  constructor(options: ConnectionOptions) {
    this.#begin = [
      'begin isolation level read committed',
      `set local statement_timeout = ${options.statementTimeoutMs}`,
      `set local idle_in_transaction_session_timeout = ${options.statementTimeoutMs}`,
      PIN_SETTINGS,
      ...(options.forceSynchronousCommit ? ['set local synchronous_commit = on'] : []),
    ].join('; ');
    const { target, applicationName } = options;
    this.#qualify = getQualifier(target.schema);
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

  /**
   * Runs `work` between `begin` and `commit`; anything it throws rolls back. Resolves only after the commit. There is no
   * other way to run a statement: only in a transaction are the settings of the session surely ours.
   */
  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const lease = this.#lend();
    try {
      // The first statement travels with it. That is safe: a `begin` fails only with its connection, which is never opened
      // twice, and a failed `set local` leaves an aborted transaction, in which nothing else runs.
      if (this.#begun) lease.post(this.#client.unsafe(this.#begin));
      else await this.#beginFirst();
      const result = await work(lease.session);
      lease.end();
      await this.#commit(lease.posted);
      return result;
    } catch (error) {
      lease.end();
      const failure = await findFailure(lease.sent);
      await this.#rollback();
      throw failure ?? error;
    }
  }

  /** While it is idle, the connection alone does not keep the process running. */
  unref(): void {
    this.#socket?.unref();
  }

  ref(): void {
    this.#socket?.ref();
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
    const sent: Promise<unknown>[] = [];
    const posted: Promise<unknown>[] = [];
    const keep = (query: postgres.PendingQuery<postgres.Row[]>) => {
      sent.push(query.execute());
      // Whoever awaits it is told of its failure. Until then, or where nobody does, it is no unhandled one.
      query.catch(() => undefined);
      return query;
    };
    const post = (query: postgres.PendingQuery<postgres.Row[]>) => {
      posted.push(keep(query));
    };
    const send = (statement: Statement | Query | string, given: Parameter[] = []) => {
      this.#assertUsable();
      if (ended) throw new Error('A statement came after the end of the work that the session was lent for.');
      const { text, parameters, prepare } = readStatement(statement, given);
      return this.#client.unsafe<postgres.Row[]>(this.#qualify(text), parameters, { prepare });
    };
    const session: Session = {
      run: async (statement: Statement | Query | string, parameters?: Parameter[]) =>
        keep(send(statement, parameters)) as never,
      post: (statement, parameters) => post(send(statement, parameters)),
    };
    this.#assertUsable();
    return {
      session,
      sent,
      posted,
      post,
      end: () => {
        ended = true;
      },
    };
  }

  /** Asked once: a pooler's other sessions are of the same user and database, and have the same search path. */
  async #beginFirst(): Promise<void> {
    const results = await this.#client.unsafe(`${this.#begin}; ${READ_SEARCH_PATH}`);
    const [row] = results.at(-1) as unknown as [{ path: string[] }];
    const pin = pinSearchPath(row.path);
    if (pin !== undefined) {
      await this.#client.unsafe(pin);
      this.#begin += `; ${pin}`;
    }
    this.#begun = true;
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
  async #openSocket(target: DatabaseTarget): Promise<Socket> {
    try {
      this.#assertUsable();
      if (this.#opened) throw new DatabaseUnavailableError('The database closed the connection.');
      this.#opened = true;
      this.#socket = joinWrites(await connect(target, this.#end.signal));
      return this.#socket;
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

/**
 * Sends what is written in one turn of the event loop together: the driver writes each longer statement by itself, and a
 * call of the operating system costs more than most statements.
 */
function joinWrites(socket: Socket): Socket {
  const write = socket.write.bind(socket);
  socket.write = ((...given: Parameters<Socket['write']>) => {
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    return write(...given);
  }) as Socket['write'];
  return socket;
}

/** A text alone is for what touches none of our tables. */
function readStatement(statement: Statement | Query | string, parameters: Parameter[]) {
  if (typeof statement === 'string') return { text: statement, parameters, prepare: true };
  if ('parameters' in statement) return { ...statement, prepare: false };
  return { text: statement.text, parameters, prepare: true };
}

/**
 * The first error of a transaction's statements, in the order in which they were sent. Those that travelled behind it fail
 * only because it did, and whoever awaited one of them may have heard of that first.
 */
async function findFailure(sent: readonly Promise<unknown>[]): Promise<unknown> {
  const ended = await Promise.allSettled(sent);
  return ended.find((one) => one.status === 'rejected')?.reason;
}
