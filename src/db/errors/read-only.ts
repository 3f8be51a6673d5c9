import type { Session } from '../pool.ts';
import { DatabaseUnavailableError, findSqlState } from './database-errors.ts';

/** One row that says whether a session can write. A standby's transactions are read-only, whatever its settings. */
export const READ_ONLY = `
  select pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as read_only`;

/** The row of `READ_ONLY`. */
export interface ReadOnlyRow {
  readonly standby: boolean;
  readonly read_only: boolean;
}

/** The database answers, but accepts no writes: `standby` says why. */
export class ReadOnlyError extends DatabaseUnavailableError {
  readonly code = 'EREADONLY';
  readonly standby: boolean;

  constructor(standby: boolean) {
    super(standby ? 'The database is a standby, which accepts no writes.' : 'The database is set to accept no writes.');
    this.standby = standby;
  }
}

/**
 * Asks the server, and writes nothing.
 *
 * @throws {ReadOnlyError}
 */
export async function assertWritable(session: Session): Promise<void> {
  const [row] = await session.run<ReadOnlyRow>(READ_ONLY);
  if (row?.read_only === true) throw new ReadOnlyError(row.standby);
}

const READ_ONLY_SQL_TRANSACTION = '25006';

/** True if a connection leads to a server that accepts no writes. After a failover, a new one may lead to another server. */
export function isReadOnly(error: unknown): boolean {
  return error instanceof ReadOnlyError || findSqlState(error) === READ_ONLY_SQL_TRANSACTION;
}
