import { collect } from '../program/parse-argument.ts';
import type { Registration } from '../program/registration.ts';
import { withPeriod } from '../program/selection-options.ts';

/** Declares `forget-messages` and passes its options on. */
export function registerForgetMessages({ program, context, run }: Registration): void {
  const command = program
    .command('forget-messages')
    .description(
      'allow messages that Clerk sends again to be applied again, for example after you have deleted rows by hand',
    )
    .argument('[message-ids...]', 'the messages to forget; or use --all or a filter')
    .option('--user <id>', 'only messages about this user; can be repeated', collect);
  withPeriod(command, 'messages received')
    .option('--all', 'all messages')
    .option('--dry-run', 'count the messages that would be forgotten, and change nothing')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Afterwards, replay the messages in Clerk's dashboard. They overwrite nothing newer, and a deleted user stays deleted.
With CLERK_SECRET_KEY you do not need this command: \`clerk-sync reconcile --full\` restores the users.

Examples:
  clerk-sync forget-messages --since 7d --dry-run
  clerk-sync forget-messages --user user_2g7np7Hrk0SN6kj5EDMLDaKNL0S`,
    )
    .action(
      run(async (ids: string[], options) =>
        (await import('./forget-messages.ts')).forgetSettledMessages(ids, options, context),
      ),
    );
}
