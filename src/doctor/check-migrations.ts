import type { MigrationState } from '../db/migrations/migration-state.ts';
import { type Finding, failed, ok } from './check.ts';
import { list, quantity } from './wording.ts';

/**
 * Whether the database is at this program's state.
 *
 * @param command says how a command is called here.
 */
export function checkMigrations({ state, migrations }: MigrationState, command: (line: string) => string): Finding {
  const names = list(migrations, 3);
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
        `${quantity(migrations.length, 'migration is', 'migrations are')} pending: ${names}.`,
        `Run \`${command('migrate')}\` as a role that may change the tables, or restart the service.`,
        { migrations },
      );
    case 'newer':
      return failed(
        `A newer version of clerk-sync has migrated this database: ${names}.`,
        'Run that version or a later one: this one must not write here.',
        { migrations },
      );
    case 'changed':
      return failed(
        `These migrations are not the ones of this version: ${names}.`,
        'Run the version that made them, or restore the files under migrations/ as they were released.',
        { migrations },
      );
  }
}
