import { Option } from 'commander';
import { parseInteger } from '../program/parse-argument.ts';
import type { Registration } from '../program/registration.ts';

const MAX_LIMIT = 1_000_000_000;

/** Declares `backfill` and passes its options on. */
export function registerBackfill({ program, context, run }: Registration): void {
  program
    .command('backfill')
    .description(
      "read all users from Clerk's Backend API and apply each one; continues the last run if it did not finish",
    )
    .addOption(new Option('--dry-run', 'compare each user with what is here, and change nothing').conflicts('restart'))
    .option('--limit <n>', 'read up to this many users; the next run continues after them', parseInteger(1, MAX_LIMIT))
    .option('--restart', 'start with the first user again, even if the last run did not finish')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Needs CLERK_SECRET_KEY. Webhooks may arrive during a backfill: the newest state of each user stays.
Exit codes: 0 done, 1 failed or stopped, 2 usage or configuration, 3 some users became dead letters, or
Clerk counts many more users than were read.

Examples:
  clerk-sync backfill --dry-run
  clerk-sync backfill --limit 1000
  clerk-sync backfill`,
    )
    .action(run(async (options) => (await import('./backfill.ts')).backfill(options, context)));
}
