import { replayDeadLetter } from '../../dead-letters/replay-dead-letter.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { withDatabase } from '../program/open-database.ts';
import { assertSelective } from './select-dead-letters.ts';
import { type SettleCommandOptions, settleDeadLetters } from './settle-dead-letters.ts';

/**
 * `dead-letters replay`: applies letters again, in the order in which they failed.
 *
 * @returns 3 if one failed again and stays open.
 */
export async function replayDeadLetters(
  ids: readonly string[],
  options: SettleCommandOptions,
  context: CommandContext,
): Promise<ExitCode> {
  assertSelective(ids, options);
  const results = await withDatabase(context, (pool, { deletedUsers }) =>
    settleDeadLetters(
      { pool, context, ids, options },
      { done: 'replayed', settle: (letter) => replayDeadLetter({ pool, deletedUsers }, letter.message_id) },
    ),
  );
  return results.some((result) => result.outcome === 'dead_letter') ? 3 : 0;
}
