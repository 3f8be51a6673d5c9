import postgres from 'postgres';
import { OperatorError } from '../../errors.ts';
import { tellPostgresMessage } from '../../log/postgres-message.ts';
import { findConnectionHint, readFailureCode } from '../errors/connection-hints.ts';
import type { MigrationState } from './migration-state.ts';

/** Why the database can't be migrated to this version, and what to do. */
export function describeRefusal({ state, migrations }: MigrationState): OperatorError {
  const names = migrations.join(', ');
  if (state === 'newer') {
    const message = `The database has migrations that this version of clerk-sync does not know: ${names}.`;
    const hint = 'Run the version that made them, or a newer one. An older program must not write to a newer database.';
    return new OperatorError('database_newer', message, { hint });
  }
  const message = `These migrations of the database are different from those of this version of clerk-sync: ${names}.`;
  const hint =
    'Restore the files in migrations/ as they were released. A migration is never edited. A new one is added.';
  return new OperatorError('migration_changed', message, { hint });
}

/** A migration that the database refused. Nothing of this run is left in the database. */
export function describeFailedMigration(name: string, error: unknown): unknown {
  if (!(error instanceof postgres.PostgresError)) return error;
  const statement = `The migration ${name}.sql failed: ${tellPostgresMessage(error)} (SQLSTATE ${error.code}).`;
  return new OperatorError('migration_failed', `${statement} The database is as it was before.`, {
    hint: hintFor(error.code),
    cause: error,
  });
}

function hintFor(sqlState: string): string {
  if (sqlState === '42501') {
    return 'Give the role of DATABASE_URL the right CREATE on the database. Or ask an administrator to run the SQL of `clerk-sync migrate --print-sql`.';
  }
  if (sqlState === '55P03')
    return 'Another session holds a lock on a table that has to change. Run this again when that session has ended.';
  if (sqlState.startsWith('42')) {
    return 'The schema may contain objects that clerk-sync did not make, such as the foreign tables of a wrapper. Rename them, or set DATABASE_SCHEMA to another schema.';
  }
  return 'Repair what the message says, then run `clerk-sync migrate` again.';
}

/** A database that can't be reached or entered. The message is the one of the driver or the server, without the password. */
export function describeUnreachable(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = readFailureCode(error);
  const refused = error instanceof postgres.PostgresError && /^(28|3D|53|57)/.test(error.code);
  const offline = /^(E[A-Z]+$|CONNECT|ERR_)/.test(code);
  if (!refused && !offline) return error;
  const message = `The database of DATABASE_URL can't be used: ${refused ? error.message : code}.`;
  const hint =
    findConnectionHint(code) ??
    'Check that Postgres runs, and that the host, port, user, password and database name in DATABASE_URL are right.';
  return new OperatorError('database_unreachable', message, { hint, cause: error });
}
