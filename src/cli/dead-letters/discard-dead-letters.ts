import { discardDeadLetter } from '../../dead-letters/discard-dead-letter.ts';
import { formatQuantity } from '../../text/format-quantity.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { confirm } from '../program/confirm.ts';
import { withDatabase } from '../program/open-database.ts';
import { assertSelective } from './select-dead-letters.ts';
import { type SettleCommandOptions, settleDeadLetters } from './settle-dead-letters.ts';

/** `dead-letters discard`: closes letters for ever. The note is stored with them. With `--all` it asks first. */
export async function discardDeadLetters(
  ids: readonly string[],
  options: SettleCommandOptions & { note: string; yes?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  assertSelective(ids, options);
  await withDatabase(context, (pool) =>
    settleDeadLetters(
      { pool, context, ids, options },
      {
        done: 'discarded',
        confirm: async ({ letters }) => {
          if (options.all !== true || letters.length === 0) return;
          await confirm(context, options, {
            doubt: `${formatQuantity(letters.length, 'dead letter')} would be discarded and never applied.`,
            question: 'Discard all of them?',
            declined: 'Nothing was changed.',
            code: 'unconfirmed',
            hint: 'Add --yes to discard them without a question. --dry-run shows which they are.',
          });
        },
        settle: async ({ message_id: messageId }) => {
          const discarded = await pool.withTransaction((session) =>
            discardDeadLetter(session, messageId, options.note),
          );
          return { messageId, outcome: discarded ? 'discarded' : 'not_open' };
        },
      },
    ),
  );
  return 0;
}
