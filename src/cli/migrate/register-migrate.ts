import { parseText } from '../program/parse-argument.ts';
import type { Registration } from '../program/registration.ts';

/** Declares `migrate` and passes its options on. */
export function registerMigrate({ program, context, run }: Registration): void {
  program
    .command('migrate')
    .description('bring the database up to date (the service also does this when it starts)')
    .option('--print-sql', 'print the SQL that would run, and change nothing')
    .option('--grant-readonly <role>', 'afterwards, grant this role the right to read users and runs', parseText)
    .option('--with-private-metadata', 'let the role read private_metadata, too')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
A role with --grant-readonly can't read the content of dead letters, requests and notes, or anything about operators. Run
the command with this option again after each upgrade, for new tables and columns.
Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 the role can read more, because of other rights that it has.

Examples:
  clerk-sync migrate
  clerk-sync migrate --grant-readonly reporting`,
    )
    .action(run(async (options) => (await import('./migrate.ts')).runMigrations(options, context)));
}
