import type { Socket } from 'node:net';
import type postgres from 'postgres';
import { DatabaseUnavailableError } from '../errors/database-errors.ts';
import type { Statement } from '../sql/define-statement.ts';
import type { Query } from '../sql/make-query.ts';
import { getQualifier } from '../sql/qualify.ts';
import type { DatabaseTarget } from '../target/database-target.ts';
import { connect } from './connect.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { createClient } from './create-client.ts';
import { PIN_SETTINGS, pinSearchPath, READ_SEARCH_PATH } from './pinned-settings.ts';

/** A parameter of a statement. Other values are sent as JSON text, and the statement casts them. */
export type Parameter = string | number | boolean | null;

/** One transaction, lent for one piece of work. Later statements are refused. */
export interface Session {
  /** Runs one prepared statement. Statements issued without awaiting each other are pipelined in order. */
  run<Row extends object = Record<string, unknown>>(
    statement: Statement | string,
    parameters?: Parameter[],
  ): Promise<Row[]>;
  /** Runs one that was composed for this call, and prepares nothing. */
  run<Row extends object = Record<string, unknown>>(query: Query): Promise<Row[]>;
  /**
   * Runs a statement whose rows nobody needs. It is sent at once, and the commit right after it. If the statement fails, the
   * commit fails with its error.
   */
  post(statement: Statement | string, parameters?: Parameter[]): void;
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

/** The caller gives up first, so a failure for want of time looks the same each time. */
const LATER_MS = 1000;

/**
 * One connection. One piece of work uses it at a time, and it is thrown away after it was lost.
 *
 * Each has its own postgres.js client of size one, which gets one socket in its life. Otherwise the client would reconnect
 * silently, and run what was left of a broken transaction outside of any transaction. A connection that breaks during a write
 * would also keep the old bytes (porsager/postgres #823, #1189, #1204).
 */
export class Connection {
  readonly #client: postgres.Sql;
  readonly #qualify: (statement: string) => string;
  readonly #statementTimeoutMs: number;
  #pins: string;
  #begun = false;
  readonly #end = new AbortController();
  #opened = false;
  #socket: Socket | undefined;
  #broken = false;

  constructor(options: ConnectionOptions) {
    this.#statementTimeoutMs = options.statementTimeoutMs;
    this.#pins = [
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

  /** True after the connection was lost or given up. It must not be lent again. */
  get broken(): boolean {
    return this.#broken;
  }

  /**
   * Runs `work` between `begin` and `commit`, and rolls back if it throws. Resolves only after the commit. There is no other
   * way to run a statement, because only in a transaction the settings of the session are ours.
   *
   * @param timeoutMs how long the caller waits. A second later the server ends a statement that still runs.
   */
  async transaction<T>(work: (session: Session) => Promise<T>, timeoutMs = Number.POSITIVE_INFINITY): Promise<T> {
    const lease = this.#lend();
    const limitMs = Math.max(1, Math.ceil(Math.min(this.#statementTimeoutMs, timeoutMs + LATER_MS)));
    const begin = `begin isolation level read committed; set local statement_timeout = ${limitMs}; ${this.#pins}`;
    try {
      // It is sent together with the first statement. That is safe: `begin` fails only with its connection, which is never
      // opened again. After a failed `set local` the transaction is aborted, and nothing else runs in it.
      if (this.#begun) lease.post(this.#client.unsafe(begin));
      else await this.#beginFirst(begin);
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

  /** After this, the connection alone does not keep the process running. */
  unref(): void {
    this.#socket?.unref();
  }

  ref(): void {
    this.#socket?.ref();
  }

  /** Drops the connection at once, and rejects what runs on it. */
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
      // Whoever awaits it gets its failure. If nobody does, it is no unhandled rejection.
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

  /** Asks once: the other sessions of a pooler have the same user and database, and so the same search path. */
  async #beginFirst(begin: string): Promise<void> {
    const results = await this.#client.unsafe(`${begin}; ${READ_SEARCH_PATH}`);
    const [row] = results.at(-1) as unknown as [{ path: string[] }];
    const pin = pinSearchPath(row.path);
    if (pin !== undefined) {
      await this.#client.unsafe(pin);
      this.#pins += `; ${pin}`;
    }
    this.#begun = true;
  }

  async #commit(posted: readonly Promise<unknown>[]): Promise<void> {
    this.#assertUsable();
    const [{ command }] = await Promise.all([this.#client.unsafe('commit'), ...posted]);
    // Postgres answers the `commit` of an aborted transaction with success and the tag ROLLBACK.
    if (command !== 'COMMIT') throw new DatabaseUnavailableError('The transaction was rolled back at its commit.');
  }

  /** A connection that can't roll back is in an unknown state, and so it is broken. */
  async #rollback(): Promise<void> {
    if (this.#broken) return;
    try {
      await this.#client.unsafe('rollback');
    } catch {
      // The error that made us roll back is the one to report.
      this.#broken = true;
    }
  }

  /** The driver calls this each time it wants to connect. It may connect once. */
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
 * Sends together what is written in one turn of the event loop. The driver writes each longer statement by itself, and a call
 * of the operating system costs more than most statements.
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

/** A text alone is for statements that use none of our tables. */
function readStatement(statement: Statement | Query | string, parameters: Parameter[]) {
  if (typeof statement === 'string') return { text: statement, parameters, prepare: true };
  if ('parameters' in statement) return { ...statement, prepare: false };
  return { text: statement.text, parameters, prepare: true };
}

/**
 * The first error among the statements of a transaction, in the order in which they were sent. Later ones fail only because of
 * it, and their errors may arrive first.
 */
async function findFailure(sent: readonly Promise<unknown>[]): Promise<unknown> {
  const ended = await Promise.allSettled(sent);
  return ended.find((one) => one.status === 'rejected')?.reason;
}
