import { collect, parseTime } from '../parse-argument.ts';
import type { Registration } from '../registration.ts';

/** Declares `forget-messages` and hands its options on. */
export function registerForgetMessages({ program, context, finish }: Registration): void {
  program
    .command('forget-messages')
    .description('let messages that Clerk sends again be applied again, after rows were removed by hand')
    .argument('[message-ids...]')
    .option('--user <id>', 'only messages about this user; may be repeated', collect)
    .option('--since <time>', 'only those received at this time or later: a date, or 90m, 12h, 7d ago', (text) =>
      parseTime(text),
    )
    .option('--until <time>', 'only those received before this time', (text) => parseTime(text))
    .option('--all', 'every message')
    .option('--dry-run', 'count those that would be forgotten, and change nothing')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Replay the messages in Clerk's dashboard afterwards. Nothing newer is overwritten, and a deleted user stays deleted.
With CLERK_SECRET_KEY, \`backfill\` or \`reconcile --full\` brings the users back without it.

Examples:
  ${context.invocation} forget-messages --since 7d --dry-run
  ${context.invocation} forget-messages --user user_2g7np7Hrk0SN6kj5EDMLDaKNL0S`,
    )
    .action(async (ids: string[], options) => {
      const { forgetSettledMessages } = await import('./forget-messages.ts');
      finish(await forgetSettledMessages(ids, options, context));
    });
}
