import { migrate, printMigrationSql } from '../../db/migrations/migrate.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { withDatabaseTarget } from '../program/open-database.ts';

/** The options of `migrate`. */
export interface MigrateCommandOptions {
  printSql?: boolean;
  json?: boolean;
}

/** `migrate`: applies the pending migrations, or prints their SQL with `--print-sql`. */
export async function runMigrations(options: MigrateCommandOptions, context: CommandContext): Promise<ExitCode> {
  return withDatabaseTarget<ExitCode>(context, async (target) => {
    if (options.printSql === true) {
      const sql = await printMigrationSql(target);
      const nothing = '-- Nothing to do: the database is up to date.\n';
      printAnswer(context, options, { json: () => ({ sql }), text: () => sql || nothing });
      return 0;
    }
    const { applied } = await migrate(target);
    printAnswer(context, options, { json: () => ({ applied }), text: () => formatApplied(applied) });
    return 0;
  });
}

function formatApplied(applied: readonly string[]): string {
  if (applied.length === 0) return 'Nothing to do: the database is up to date.\n';
  return applied.map((name) => `applied ${name}\n`).join('');
}
