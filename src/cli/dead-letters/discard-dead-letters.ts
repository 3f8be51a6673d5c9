import { discardDeadLetter } from '../../dead-letters/discard-dead-letter.ts';
import type { CommandContext, ExitCode } from '../command-context.ts';
import { withDatabase } from '../open-database.ts';
import { assertSelective } from './select-dead-letters.ts';
import { type SettleCommandOptions, settleDeadLetters } from './settle-dead-letters.ts';

/** `dead-letters discard`: closes letters for good. The note is kept with them, for whoever asks later. */
export async function discardDeadLetters(
  ids: readonly string[],
  options: SettleCommandOptions & { note: string },
  context: CommandContext,
): Promise<ExitCode> {
  assertSelective(ids, options);
  await withDatabase(context, (pool) =>
    settleDeadLetters(
      { pool, context, ids, options },
      {
        done: 'discarded',
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
