import { Option } from 'commander';
import { parseInteger } from '../parse-argument.ts';
import type { Registration } from '../registration.ts';

const MAX_LIMIT = 1_000_000_000;

/** Declares `backfill` and hands its options on. */
export function registerBackfill({ program, context, finish }: Registration): void {
  program
    .command('backfill')
    .description("read all users from Clerk's Backend API and apply each; goes on where the latest run was stopped")
    .addOption(new Option('--dry-run', 'compare each user with what is here, and change nothing').conflicts('restart'))
    .option('--limit <n>', 'so many users at the most; a later run goes on from there', parseInteger(1, MAX_LIMIT))
    .option('--restart', 'begin with the first user again, also where the latest run has not finished')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Needs CLERK_SECRET_KEY. Webhooks may arrive meanwhile: the newest state of each user stays.
Exit codes: 0 done, 1 failed or stopped, 2 usage or configuration, 3 some users became dead letters, or
clearly fewer users were read than Clerk counts.

Examples:
  ${context.invocation} backfill --dry-run
  ${context.invocation} backfill --limit 1000
  ${context.invocation} backfill`,
    )
    .action(async (options) => {
      const { backfill } = await import('./backfill.ts');
      finish(await backfill(options, context));
    });
}
