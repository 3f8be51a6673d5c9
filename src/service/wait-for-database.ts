import { setTimeout as delay } from 'node:timers/promises';
import { findConnectionHint, readFailureCode } from '../db/errors/connection-hints.ts';
import { DatabaseUnavailableError, findPostgresError } from '../db/errors/database-errors.ts';
import type { Pool } from '../db/pool.ts';
import { type DatabaseTarget, nameDatabase } from '../db/target/database-target.ts';
import { OperatorError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';

/** Which database to wait for, and how long. */
export interface WaitForDatabaseOptions {
  readonly pool: Pool;
  /** The database of the pool, to name it in messages. */
  readonly target: DatabaseTarget;
  readonly logger: Logger;
  /** Default 30 s: a database that was started together with this program is ready by then. */
  readonly timeoutMs?: number;
  /** The time between two attempts. Default 1 s. */
  readonly intervalMs?: number;
  /** When the log says that it waits. Default: at once, after 5 s and after 15 s. */
  readonly toldAfterMs?: readonly number[];
}

/**
 * Failures that may pass: Postgres starts, stops, recovers or lacks a connection, memory or disk space (class 53); a pooler
 * has no connection left (08P01 of PgBouncer, and the rest of class 08); no address, no route, no listener. Errors of TLS, for
 * example, do not pass.
 */
const PASSING = /^(?:57P0[1234]|53...|08...|EAI_AGAIN|E[A-Z]+|CONNECT\w+)$/;

/**
 * Resolves when the database accepts a connection. An address that does not answer is tried again until the time is up,
 * because programs that are started together become ready in any order. A wrong password fails at once.
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

/** Why the database did not answer, as the driver or the system says; undefined if it answered. */
async function tryConnect(pool: Pool): Promise<unknown> {
  try {
    await pool.withTransaction((session) => session.run('select 1'));
    return undefined;
  } catch (error) {
    return error instanceof DatabaseUnavailableError ? (error.cause ?? error) : error;
  }
}

/** PgBouncer also uses 08P01 for what will never work, and Supavisor uses XX000 for everything. */
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
    hint: findConnectionHint(code) ?? 'See the log of Postgres, and check DATABASE_URL.',
    cause: failure,
  });
}

function explainSilence(target: DatabaseTarget, timeoutMs: number, failure: unknown): OperatorError {
  const message = `The database ${nameDatabase(target)} could not be reached within ${timeoutMs / 1000} s (${readFailureCode(failure)}).`;
  return new OperatorError('database_unreachable', message, {
    hint:
      findConnectionHint(readFailureCode(failure)) ??
      'Check that it runs, that the host and the port in DATABASE_URL are right, and that this machine can reach them.',
    cause: failure,
  });
}
