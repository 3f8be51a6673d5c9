import type { Registration } from '../registration.ts';

/** Declares `remove-instance` and hands its options on. */
export function registerRemoveInstance({ program, context, finish }: Registration): void {
  program
    .command('remove-instance')
    .description('show what is here of a Clerk instance that does not belong here, and with --yes remove it')
    .argument('<instance-id>', 'ins_…; `doctor` lists those that are here')
    .option('--yes', 'remove its users, dead letters, messages and finished runs')
    .option('--force', 'also the instance that CLERK_SECRET_KEY belongs to, or without asking which that is')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
It works in batches, beside a running service. If it is interrupted, run it again.
Exit codes: 0 done, 1 failed, 2 usage or configuration.

Examples:
  ${context.invocation} remove-instance ins_…
  ${context.invocation} remove-instance ins_… --yes`,
    )
    .action(async (instanceId: string, options) => {
      const { removeInstance } = await import('./remove-instance.ts');
      finish(await removeInstance(instanceId, options, context));
    });
}
