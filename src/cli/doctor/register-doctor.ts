import type { Registration } from '../registration.ts';

/** Declares `doctor` and hands its options on. */
export function registerDoctor({ program, context, finish }: Registration): void {
  program
    .command('doctor')
    .description('check the configuration, the database, the deliveries and Clerk, and say what to do; change nothing')
    .option('--json', 'print one JSON document, with the details of each check')
    .addHelpText(
      'after',
      `
Without CLERK_SECRET_KEY, checks that need Clerk's answer are skipped.
Exit codes: 0 all is well, 1 something failed, 2 usage, 3 only warnings.

Examples:
  ${context.invocation} doctor
  ${context.invocation} doctor --json`,
    )
    .action(async (options) => {
      const { doctor } = await import('./doctor.ts');
      finish(await doctor(options, context));
    });
}
