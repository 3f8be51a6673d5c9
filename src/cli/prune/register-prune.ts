import type { Registration } from '../program/registration.ts';

/** Declares `prune` and passes its options on. */
export function registerPrune({ program, context, run }: Registration): void {
  program
    .command('prune')
    .description('remove what is older than RETENTION_DAYS, as the service does once an hour')
    .option('--dry-run', 'count the rows, and remove nothing')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
It removes settled messages, resolved dead letters, ended runs, settled user updates, expired sessions and recorded
actions. Open dead letters and users stay at any age. It works in small batches, and the service may run meanwhile.
Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 another process is removing old rows now.

Examples:
  clerk-sync prune --dry-run
  clerk-sync prune`,
    )
    .action(run(async (options) => (await import('./prune-old-rows.ts')).pruneOldRows(options, context)));
}
