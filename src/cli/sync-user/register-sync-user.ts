import type { Registration } from '../program/registration.ts';

/** Declares `sync-user` and passes its options on. */
export function registerSyncUser({ program, context, run }: Registration): void {
  program
    .command('sync-user')
    .description("read users from Clerk's Backend API by their ids, and make their rows here the same")
    .argument('<user-ids...>', 'ids of Clerk, such as user_…')
    .option('--dry-run', 'show what would be done, and change nothing')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Needs CLERK_SECRET_KEY. A user that Clerk no longer has is deleted here, too.
Exit codes: 0 all users are now the same here, 1 failed, 2 usage or configuration, 3 something is left over.

Examples:
  clerk-sync sync-user user_2g7np7Hrk0SN6kj5EDMLDaKNL0S
  clerk-sync sync-user user_… user_… --dry-run`,
    )
    .action(run(async (ids: string[], options) => (await import('./sync-user.ts')).syncUsers(ids, options, context)));
}
