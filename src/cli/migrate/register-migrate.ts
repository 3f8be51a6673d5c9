import type { Registration } from '../program/registration.ts';

/** Declares `migrate` and passes its options on. */
export function registerMigrate({ program, context, run }: Registration): void {
  program
    .command('migrate')
    .description('bring the database up to date (the service also does this when it starts)')
    .option('--print-sql', 'print the SQL that would run, and change nothing')
    .option('--json', 'print one JSON document')
    .action(run(async (options) => (await import('./migrate.ts')).runMigrations(options, context)));
}
