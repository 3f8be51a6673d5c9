import { setTimeout as delay } from 'node:timers/promises';
import { findConnectionHint, readFailureCode } from '../db/connection-hints.ts';
import { DatabaseUnavailableError, findSqlState } from '../db/database-errors.ts';
import type { Pool } from '../db/pool.ts';
import { type DatabaseTarget, nameDatabase } from '../db/target/database-target.ts';
import { OperatorError } from '../errors.ts';
import type { Logger } from '../logger.ts';

export interface WaitForDatabaseOptions {
  readonly pool: Pool;
  /** Of the pool, to name the database in messages. */
  readonly target: DatabaseTarget;
  readonly logger: Logger;
  /** Default 30 s: a database that was started together with this program is there by then. */
  readonly timeoutMs?: number;
  /** Between two attempts. Default 1 s. */
  readonly intervalMs?: number;
}

/**
 * What may be different a moment later: Postgres starts, stops, recovers or has no connection left; no address, no
 * route, nobody there. Not what TLS says, for instance.
 */
const PASSING = /^(?:57P0[123]|53300|EAI_AGAIN|E[A-Z]+|CONNECT\w+)$/;

/**
 * Resolves once the database takes a connection. An address that does not answer is asked again until the time is up,
 * since programs that are started together come up in any order; a wrong password fails at once.
 */
export async function waitForDatabase(options: WaitForDatabaseOptions): Promise<void> {
  const { pool, target, logger, timeoutMs = 30_000, intervalMs = 1000 } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const failure = await tryConnect(pool);
    if (failure === undefined) return;
    if (!isPassing(failure)) throw explainRefusal(target, failure);
    if (performance.now() + intervalMs > deadline) throw explainSilence(target, timeoutMs, failure);
    logger.warn({ database: nameDatabase(target), code: readFailureCode(failure) }, 'waiting for the database');
    await delay(intervalMs);
  }
}

/** What kept the database from answering, as the driver or the system said it; undefined when it answered. */
async function tryConnect(pool: Pool): Promise<unknown> {
  try {
    await pool.withSession((session) => session.run('select 1'));
    return undefined;
  } catch (error) {
    return error instanceof DatabaseUnavailableError ? (error.cause ?? error) : error;
  }
}

function isPassing(failure: unknown): boolean {
  return PASSING.test(findSqlState(failure) ?? readFailureCode(failure));
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
    hint: 'Check that it runs, and that the host and the port in DATABASE_URL are right as seen from here.',
    cause: failure,
  });
}
