import { parseInteger } from './parse-argument.ts';
import type { Registration } from './registration.ts';

const MAX_DELETIONS = 1_000_000_000;

/** Declares `reconcile` and hands its options on. */
export function registerReconcile({ program, context, finish }: Registration): void {
  program
    .command('reconcile')
    .description("compare the users here with Clerk's Backend API, show what differs and repair it")
    .option(
      '--full',
      'compare all users, and find those whom Clerk no longer has; else those changed since the last run',
    )
    .option('--dry-run', 'show what differs, and change nothing')
    .option(
      '--max-deletions <n>',
      'delete so many users at the most (default: 50, or a tenth of all users here)',
      parseInteger(0, MAX_DELETIONS),
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Needs CLERK_SECRET_KEY, and the service does it by itself: see RECONCILE_INTERVAL in .env.example.
Exit codes: 0 nothing differs any more, 1 failed or stopped, 2 usage or configuration, 3 something differs still.

Examples:
  ${context.invocation} reconcile
  ${context.invocation} reconcile --full --dry-run`,
    )
    .action(async (options) => {
      const { reconcile } = await import('./reconcile.ts');
      finish(await reconcile(options, context));
    });
}
