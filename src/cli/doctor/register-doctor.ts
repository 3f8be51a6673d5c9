import type { Registration } from '../program/registration.ts';

/** Declares `doctor` and passes its options on. */
export function registerDoctor({ program, context, run }: Registration): void {
  program
    .command('doctor')
    .description('check the configuration, the database, the deliveries and Clerk, and say what to do; change nothing')
    .option('--json', 'print one JSON document, with the details of each check')
    .addHelpText(
      'after',
      `
Without CLERK_SECRET_KEY, the checks that ask Clerk are skipped.
Exit codes: 0 everything is well, 1 something failed, 2 usage, 3 only warnings.

Examples:
  clerk-sync doctor
  clerk-sync doctor --json`,
    )
    .action(run(async (options) => (await import('./doctor.ts')).doctor(options, context)));
}
