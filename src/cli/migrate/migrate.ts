import { migrate, printMigrationSql } from '../../db/migrations/migrate.ts';
import type { CommandContext, ExitCode } from '../command-context.ts';
import { withDatabaseTarget } from '../open-database.ts';
import { formatJson } from '../output/format-values.ts';

export interface MigrateCommandOptions {
  printSql?: boolean;
  json?: boolean;
}

/** `migrate`: applies what is pending, or prints it for whoever runs it by hand. */
export async function runMigrations(options: MigrateCommandOptions, context: CommandContext): Promise<ExitCode> {
  return withDatabaseTarget<ExitCode>(context, async (target) => {
    if (options.printSql === true) {
      const sql = await printMigrationSql(target);
      context.stdout(
        options.json === true ? formatJson({ sql }) : sql || '-- Nothing to do: the database is up to date.\n',
      );
      return 0;
    }
    const { applied } = await migrate(target);
    context.stdout(options.json === true ? formatJson({ applied }) : formatApplied(applied));
    return 0;
  });
}

function formatApplied(applied: readonly string[]): string {
  if (applied.length === 0) return 'Nothing to do: the database is up to date.\n';
  return applied.map((name) => `applied ${name}\n`).join('');
}
