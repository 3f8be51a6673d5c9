import { Argument, type Command } from 'commander';
import { ACKNOWLEDGEABLE, type AcknowledgeableKind } from '../../reconcile/acknowledgements.ts';
import { parseInteger } from '../parse-argument.ts';
import type { Registration } from '../registration.ts';

const MAX_DELETIONS = 1_000_000_000;

/** Declares `reconcile` with its subcommands, and hands their options on. */
export function registerReconcile(registration: Registration): void {
  const { program, context, finish } = registration;
  const group = program
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
Exit codes: 0 nothing differs any more, 1 failed or stopped, 2 usage or configuration, 3 something differs still
that has not been acknowledged.

Examples:
  ${context.invocation} reconcile
  ${context.invocation} reconcile --full --dry-run
  ${context.invocation} reconcile acknowledge deleted_here user_… --note "restored by mistake"`,
    )
    .action(async (options) => {
      const { reconcile } = await import('./reconcile.ts');
      finish(await reconcile(options, context));
    });
  // `--json` behind a subcommand is that one's own.
  registerAcknowledgements(group.enablePositionalOptions(), registration);
}

function registerAcknowledgements(group: Command, { context, finish }: Registration): void {
  const select = (command: Command) =>
    command.addArgument(new Argument('<kind>').choices(ACKNOWLEDGEABLE)).argument('<user-ids...>');

  select(group.command('acknowledge'))
    .description('accept that users differ in a way that no run repairs: they no longer count as left')
    .option('--note <text>', 'why; it is kept with them')
    .action(async (kind: AcknowledgeableKind, userIds: string[], options) => {
      const { acknowledge } = await import('./acknowledge-drift.ts');
      finish(await acknowledge({ kind, userIds }, options, context));
    });

  select(group.command('revoke'))
    .description('take an acknowledgement back')
    .action(async (kind: AcknowledgeableKind, userIds: string[]) => {
      const { revoke } = await import('./acknowledge-drift.ts');
      finish(await revoke({ kind, userIds }, context));
    });

  group
    .command('acknowledgements')
    .description('list what has been acknowledged')
    .option('--json', 'print one JSON document')
    .action(async (options) => {
      const { showAcknowledgements } = await import('./acknowledge-drift.ts');
      finish(await showAcknowledgements(options, context));
    });
}
