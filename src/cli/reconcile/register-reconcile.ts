import { Argument, type Command } from 'commander';
import { type AcknowledgeableKind, acknowledgeableKinds } from '../../../drizzle/schema/codes.ts';
import { parseInteger } from '../program/parse-argument.ts';
import { refuseArguments } from '../program/refuse-arguments.ts';
import type { Registration } from '../program/registration.ts';

const MAX_DELETIONS = 1_000_000_000;

/** Declares `reconcile` with its subcommands, and passes their options on. */
export function registerReconcile(registration: Registration): void {
  const { program, context, run } = registration;
  const group = program
    .command('reconcile')
    .description("compare the users here with Clerk's Backend API, show what differs and repair it")
    .option(
      '--full',
      'compare all users, and find those that Clerk no longer has (default: only users who changed since the last run)',
    )
    .option('--dry-run', 'show what differs, and change nothing')
    .option(
      '--max-deletions <n>',
      'delete up to this many users (default: 50, or a tenth of all users here)',
      parseInteger(0, MAX_DELETIONS),
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Needs CLERK_SECRET_KEY. The service also does this on a schedule: see RECONCILE_INTERVAL in .env.example.
Exit codes: 0 nothing differs now, 1 failed or stopped, 2 usage or configuration, 3 something still differs and is
not acknowledged.

Examples:
  clerk-sync reconcile
  clerk-sync reconcile --full --dry-run
  clerk-sync reconcile acknowledge deleted_here user_… --note "restored by mistake"`,
    )
    .action(run(async (options) => (await import('./reconcile.ts')).reconcile(options, context)));
  refuseArguments(group);
  // After a subcommand, `--json` belongs to that one.
  registerAcknowledgements(group.enablePositionalOptions(), registration);
}

function registerAcknowledgements(group: Command, { context, run }: Registration): void {
  const select = (command: Command) =>
    command
      .addArgument(new Argument('<kind>', 'the kind of difference').choices(acknowledgeableKinds))
      .argument('<user-ids...>', 'ids such as user_…');

  select(group.command('acknowledge'))
    .description('accept a difference that no run repairs: these users no longer count as left')
    .option('--note <text>', 'the reason; it is stored with the acknowledgement')
    .action(
      run(async (kind: AcknowledgeableKind, userIds: string[], options) =>
        (await import('./acknowledge-drift.ts')).acknowledge({ kind, userIds }, options, context),
      ),
    );

  select(group.command('revoke'))
    .description('take an acknowledgement back')
    .action(
      run(async (kind: AcknowledgeableKind, userIds: string[]) =>
        (await import('./acknowledge-drift.ts')).revoke({ kind, userIds }, context),
      ),
    );

  group
    .command('acknowledgements')
    .description('list what is acknowledged')
    .option('--json', 'print one JSON document')
    .action(run(async (options) => (await import('./acknowledge-drift.ts')).showAcknowledgements(options, context)));
}
