import { DatabaseUnavailableError, findSqlState } from '../db/errors/database-errors.ts';
import type { Pool, Session } from '../db/pool.ts';
import { SkippedError } from './finding.ts';

/** Finds something out of the database. */
export type Load<T> = (reader: Reader) => Promise<T>;

/** The database as the checks see it. They only read it, and nobody asks it again after the connection was lost. */
export interface Reader {
  /**
   * Runs `work` in a transaction that can't write and has a time limit. The search path is empty: statements must
   * qualify each name, and Postgres qualifies each name that it shows.
   *
   * @throws {SkippedError} at once, after the connection was lost.
   */
  read<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Runs `load` for the first who asks, and gives all others the same result, a failure included. */
  share<T>(load: Load<T>): Promise<T>;
}

/** @param timeoutMs how long one read may take. After that its connection is closed. */
export function createReader(pool: Pool, timeoutMs: number): Reader {
  const shared = new Map<Load<unknown>, Promise<unknown>>();
  let lost = false;
  const reader: Reader = {
    async read(work) {
      if (lost) throw new SkippedError('The database has stopped answering.');
      try {
        return await pool.withTransaction((session) => readOnly(session, work), { timeoutMs });
      } catch (error) {
        lost = error instanceof DatabaseUnavailableError && isLoss(error);
        throw error;
      }
    },
    share<T>(load: Load<T>) {
      const known = shared.get(load) as Promise<T> | undefined;
      const result = known ?? load(reader);
      shared.set(load, result);
      return result;
    },
  };
  return reader;
}

async function readOnly<T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> {
  await Promise.all([session.run('set transaction read only'), session.run(`set local search_path = ''`)]);
  return work(session);
}

/** Postgres said nothing, or that it shuts down. */
function isLoss(error: DatabaseUnavailableError): boolean {
  return /^57P0|^$/.test(findSqlState(error) ?? '');
}
