import postgres from 'postgres';
import { OperatorError } from '../../errors.ts';
import { tellPostgresMessage } from '../../log/postgres-message.ts';
import { findConnectionHint, readFailureCode } from '../errors/connection-hints.ts';
import type { MigrationState } from './migration-state.ts';

/** The database can't be brought to this program's state: why, and what to do. */
export function describeRefusal({ state, migrations }: MigrationState): OperatorError {
  const names = migrations.join(', ');
  if (state === 'newer') {
    return new OperatorError(
      'database_newer',
      `The database has migrations that this version of clerk-sync does not know: ${names}.`,
      { hint: 'Run the version that made them, or a later one. An older program must not write to a newer database.' },
    );
  }
  return new OperatorError(
    'migration_changed',
    `These migrations of the database are not the ones that this version of clerk-sync brings: ${names}.`,
    {
      hint: 'Restore the files under migrations/ as they were released. A migration is never edited; a new one is added.',
    },
  );
}

/** A migration that the database refused; nothing of this run is left in it. */
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
    return 'Give the role of DATABASE_URL the right CREATE on the database, or have an administrator run the SQL of `migrate --print-sql`.';
  }
  if (sqlState === '55P03')
    return 'Another session holds a lock on a table that has to change. Run it again when that has ended.';
  if (sqlState.startsWith('42')) {
    return 'The schema may hold objects that clerk-sync did not make, such as the foreign tables of a wrapper. Let DATABASE_SCHEMA name another schema, or rename them.';
  }
  return 'Mend what the message says and run `migrate` again.';
}

/** A database that can't be reached or entered. Never shows the password: the message is the driver's or the server's own. */
export function describeUnreachable(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = readFailureCode(error);
  const refused = error instanceof postgres.PostgresError && /^(28|3D|53|57)/.test(error.code);
  const offline = /^(E[A-Z]+$|CONNECT|ERR_)/.test(code);
  if (!refused && !offline) return error;
  return new OperatorError(
    'database_unreachable',
    `The database of DATABASE_URL can't be used: ${refused ? error.message : code}.`,
    {
      hint:
        findConnectionHint(code) ??
        'Check that Postgres runs, and that the host, port, user, password and database name of DATABASE_URL are right.',
      cause: error,
    },
  );
}
