import type { DeadLetter } from '../../dead-letters/dead-letter.ts';
import type { CommandContext, ExitCode } from '../command-context.ts';
import { withDatabase } from '../open-database.ts';
import { type Column, formatTable } from '../output/format-table.ts';
import { formatCount, formatJson, formatQuantity, formatTime } from '../output/format-values.ts';
import { type FilterOptions, readSelection, type Selection, toFilter } from './select-dead-letters.ts';

/** `dead-letters list`: what waits, the oldest first, without the bodies. */
export async function listDeadLetters(
  options: FilterOptions & { json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const selection = await withDatabase(context, (pool) =>
    pool.withSession((session) => readSelection(session, toFilter(options))),
  );
  context.stdout(
    options.json === true
      ? formatJson({ matching: selection.matching, dead_letters: selection.letters })
      : formatList(selection, options, context.invocation),
  );
  return 0;
}

/** The columns by which operators tell letters apart. */
export const letterColumns: readonly Column<DeadLetter>[] = [
  { title: 'message', value: (letter) => letter.message_id },
  // What was read from the Backend API is no event, and has no type.
  { title: 'type', value: ({ origin, event_type }) => (origin === 'webhook' ? event_type : origin) },
  { title: 'user', value: (letter) => letter.user_id },
  { title: 'reason', value: (letter) => letter.reason },
  { title: 'attempts', value: (letter) => letter.attempts },
  { title: 'first failed', value: (letter) => formatTime(letter.first_failed_at) },
  { title: 'last failed', value: (letter) => formatTime(letter.last_failed_at) },
  { title: 'state', value: (letter) => letter.state },
];

function formatList({ letters, matching }: Selection, { state = ['open'] }: FilterOptions, invocation: string): string {
  if (matching === 0) return `No ${state.join(' or ')} dead letters match.\n`;
  const more = matching - letters.length;
  return [
    formatTable(letterColumns, letters),
    `${formatQuantity(matching, 'dead letter')}${more === 0 ? '' : `, ${formatCount(more)} more than shown: raise --limit`}.`,
    `\nWhy, and what to do:  ${invocation} dead-letters show ${letters[0]?.message_id}\n`,
  ].join('\n');
}
