import type { Registration } from '../program/registration.ts';

/** Declares `remove-instance` and passes its options on. */
export function registerRemoveInstance({ program, context, run }: Registration): void {
  program
    .command('remove-instance')
    .description('remove everything of a Clerk instance that does not belong here; shows it and asks first')
    .argument('<instance-id>', 'an id such as ins_…; `clerk-sync doctor` lists the instances that are here')
    .option('--yes', 'remove its users, dead letters, messages and finished runs without a question')
    .option('--force', 'also remove the instance of CLERK_SECRET_KEY, and do not ask Clerk which instance that is')
    .option('--json', 'print one JSON document; without --yes nothing is removed')
    .addHelpText(
      'after',
      `
Without --yes and without a terminal it only shows the rows. It works in batches, beside a running service. If it is
interrupted, run it again.
Exit codes: 0 done, 1 failed or not confirmed, 2 usage or configuration.

Examples:
  clerk-sync remove-instance ins_…
  clerk-sync remove-instance ins_… --yes`,
    )
    .action(
      run(async (instanceId: string, options) =>
        (await import('./remove-instance.ts')).removeInstance(instanceId, options, context),
      ),
    );
}
