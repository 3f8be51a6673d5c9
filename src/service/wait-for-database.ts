import { setTimeout as delay } from 'node:timers/promises';
import { findConnectionHint, readFailureCode } from '../db/errors/connection-hints.ts';
import { DatabaseUnavailableError, findPostgresError } from '../db/errors/database-errors.ts';
import type { Pool } from '../db/pool.ts';
import { type DatabaseTarget, nameDatabase } from '../db/target/database-target.ts';
import { OperatorError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';

export interface WaitForDatabaseOptions {
  readonly pool: Pool;
  /** Of the pool, to name the database in messages. */
  readonly target: DatabaseTarget;
  readonly logger: Logger;
  /** Default 30 s: a database that was started together with this program is there by then. */
  readonly timeoutMs?: number;
  /** Between two attempts. Default 1 s. */
  readonly intervalMs?: number;
  /** When the log says that it waits. Default: at once, after 5 s and after 15 s; nothing new is known each second. */
  readonly toldAfterMs?: readonly number[];
}

/**
 * What may be different a moment later: Postgres starts, stops, recovers or lacks a connection, memory or room (class
 * 53); a pooler has none left (08P01 of PgBouncer, `max_client_conn`, and the rest of class 08); no address, no route,
 * nobody there. Not what TLS says, for instance.
 */
const PASSING = /^(?:57P0[1234]|53...|08...|EAI_AGAIN|E[A-Z]+|CONNECT\w+)$/;

/**
 * Resolves once the database takes a connection. An address that does not answer is asked again until the time is up,
 * since programs that are started together come up in any order; a wrong password fails at once.
 */
export async function waitForDatabase(options: WaitForDatabaseOptions): Promise<void> {
  const { pool, target, logger, timeoutMs = 30_000, intervalMs = 1000 } = options;
  const startedAt = performance.now();
  const deadline = startedAt + timeoutMs;
  const tellAt = (options.toldAfterMs ?? [0, 5000, 15_000]).map((ms) => startedAt + ms);
  for (;;) {
    const failure = await tryConnect(pool);
    if (failure === undefined) return;
    if (!isPassing(failure)) throw explainRefusal(target, failure);
    if (performance.now() + intervalMs > deadline) throw explainSilence(target, timeoutMs, failure);
    if (performance.now() >= (tellAt[0] ?? deadline)) {
      tellAt.shift();
      const code = readFailureCode(failure);
      logger.warn({ database: nameDatabase(target), code }, 'waiting for the database');
    }
    await delay(intervalMs);
  }
}

/** What kept the database from answering, as the driver or the system said it; undefined when it answered. */
async function tryConnect(pool: Pool): Promise<unknown> {
  try {
    await pool.withTransaction((session) => session.run('select 1'));
    return undefined;
  } catch (error) {
    return error instanceof DatabaseUnavailableError ? (error.cause ?? error) : error;
  }
}

/** PgBouncer gives 08P01 to what will never work, too, and Supavisor XX000 to everything. */
const POOLER_REFUSES = /unsupported startup parameter|no such (?:database|user)|not allowed/i;
const POOLER_IS_FULL = /max clients|max client connections|too many connections/i;

function isPassing(failure: unknown): boolean {
  const answer = findPostgresError(failure);
  if (answer === undefined) return PASSING.test(readFailureCode(failure));
  if (answer.code === 'XX000') return POOLER_IS_FULL.test(answer.message);
  return PASSING.test(answer.code) && !(answer.code === '08P01' && POOLER_REFUSES.test(answer.message));
}

function explainRefusal(target: DatabaseTarget, failure: unknown): OperatorError {
  const code = readFailureCode(failure);
  return new OperatorError('database_refused', `No connection to the database ${nameDatabase(target)} (${code}).`, {
    hint: findConnectionHint(code) ?? 'See the log of Postgres. The connection string is read from DATABASE_URL.',
    cause: failure,
  });
}

function explainSilence(target: DatabaseTarget, timeoutMs: number, failure: unknown): OperatorError {
  const message = `The database ${nameDatabase(target)} could not be reached within ${timeoutMs / 1000} s (${readFailureCode(failure)}).`;
  return new OperatorError('database_unreachable', message, {
    hint:
      findConnectionHint(readFailureCode(failure)) ??
      'Check that it runs, and that the host and the port in DATABASE_URL are right as seen from here.',
    cause: failure,
  });
}
