import { readMigrationState } from '../../../db/migrations/migrate.ts';
import type { MigrationState } from '../../../db/migrations/migration-state.ts';
import { formatQuantity } from '../../../text/format-quantity.ts';
import { listSome } from '../../../text/list-some.ts';
import type { Check } from '../../check.ts';
import { failed, ok } from '../../finding.ts';
import type { Reader } from '../../reader.ts';

/** Compares the migrations of the database with those of this version. */
export function findMigrationState(reader: Reader): Promise<MigrationState> {
  return reader.read(readMigrationState);
}

/** Whether the database has the migrations of this version. */
export const checkMigrations: Check = async ({ read, command }) => {
  const { state, migrations } = await read(findMigrationState);
  const names = listSome(migrations, 3);
  switch (state) {
    case 'current':
      return ok('The tables are of this version.');
    case 'missing':
      return failed(
        'The database has no tables of clerk-sync yet.',
        `Run \`${command('migrate')}\`, or start the service.`,
      );
    case 'pending':
      return failed(
        `${formatQuantity(migrations.length, 'migration is', 'migrations are')} pending: ${names}.`,
        `Run \`${command('migrate')}\` as a role that may change the tables, or restart the service.`,
        { migrations },
      );
    case 'newer':
      return failed(
        `A newer version of clerk-sync has migrated this database: ${names}.`,
        'Run that version or a later one. This one must not write here.',
        { migrations },
      );
    case 'changed':
      return failed(
        `These migrations are not the ones of this version: ${names}.`,
        'Run the version that made them, or restore the files in migrations/ as they were released.',
        { migrations },
      );
  }
};
