import { DatabaseUnavailableError, findSqlState } from '../db/errors/database-errors.ts';
import type { Pool, Session } from '../db/pool.ts';

/** The database as the checks see it: to be read only, and given up as a whole once it does not answer. */
export interface Reader {
  /**
   * Runs `work` in a transaction that can't write, with an empty search path: every name is to be qualified, and
   * Postgres qualifies every name that it renders.
   *
   * @throws {LostDatabaseError} without asking, after the connection was lost once.
   */
  read<T>(work: (session: Session) => Promise<T>): Promise<T>;
}

/** An earlier check has waited long enough for this database. */
export class LostDatabaseError extends Error {
  override readonly name = 'LostDatabaseError';
}

/** @param timeoutMs how long one read may take before its connection is given up. */
export function createReader(pool: Pool, timeoutMs: number): Reader {
  let lost = false;
  return {
    async read(work) {
      if (lost) throw new LostDatabaseError();
      try {
        return await pool.withTransaction((session) => readOnly(session, work), { timeoutMs });
      } catch (error) {
        lost = error instanceof DatabaseUnavailableError && isLoss(error);
        throw error;
      }
    },
  };
}

async function readOnly<T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> {
  await Promise.all([session.run('set transaction read only'), session.run(`set local search_path = ''`)]);
  return work(session);
}

/** Postgres itself said nothing, or that it ends. */
function isLoss(error: DatabaseUnavailableError): boolean {
  return /^57P0|^$/.test(findSqlState(error) ?? '');
}
