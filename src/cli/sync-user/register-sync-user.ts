import type { Registration } from '../registration.ts';

/** Declares `sync-user` and hands its options on. */
export function registerSyncUser({ program, context, finish }: Registration): void {
  program
    .command('sync-user')
    .description("ask Clerk's Backend API for users by their ids, and make them the same here")
    .argument('<user-ids...>', 'ids that Clerk has given, user_…')
    .option('--dry-run', 'ask, show what would become of them, and change nothing')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Needs CLERK_SECRET_KEY. Whom Clerk no longer has is deleted here, too.
Exit codes: 0 all are the same here now, 1 failed, 2 usage or configuration, 3 something is left over.

Examples:
  ${context.invocation} sync-user user_2g7np7Hrk0SN6kj5EDMLDaKNL0S
  ${context.invocation} sync-user user_… user_… --dry-run`,
    )
    .action(async (ids: string[], options) => {
      const { syncUsers } = await import('./sync-user.ts');
      finish(await syncUsers(ids, options, context));
    });
}
