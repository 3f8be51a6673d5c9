import type { DeadLetter } from '../../dead-letters/dead-letter.ts';
import { formatCount, formatQuantity } from '../../text/format-quantity.ts';
import { formatTime } from '../../text/format-values.ts';
import { type Column, formatTable } from '../output/format-table.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { inTransaction } from '../program/open-database.ts';
import { type FilterOptions, readFilterOptions, readSelection, type Selection } from './select-dead-letters.ts';

/** `dead-letters list`: lists unresolved letters, the oldest first, without their bodies. */
export async function listDeadLetters(
  options: FilterOptions & { json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const selection = await inTransaction(context, async (session) =>
    readSelection(session, await readFilterOptions(session, options)),
  );
  printAnswer(context, options, {
    json: () => ({ matching: selection.matching, dead_letters: selection.letters }),
    text: () => formatList(selection, options, context.width),
  });
  return 0;
}

/** A path that is cut further can't be recognised. */
const PATH_WIDTH = 16;

/** The columns by which operators recognise a letter. */
export const letterColumns: readonly Column<DeadLetter>[] = [
  { title: 'message', value: (letter) => letter.message_id },
  // A user that was read from the Backend API is no event, and has no type.
  { title: 'type', value: ({ origin, event_type }) => (origin === 'webhook' ? event_type : origin), spare: 2 },
  { title: 'user', value: (letter) => letter.user_id, spare: 3 },
  { title: 'reason', value: (letter) => letter.reason },
  { title: 'path', value: (letter) => letter.path, narrowest: PATH_WIDTH },
  { title: 'attempts', value: (letter) => letter.attempts, spare: 5 },
  { title: 'first failed', value: (letter) => formatTime(letter.first_failed_at), spare: 1 },
  { title: 'last failed', value: (letter) => formatTime(letter.last_failed_at), spare: 4 },
  { title: 'state', value: (letter) => letter.state, spare: 6 },
];

function formatList({ letters, matching }: Selection, options: FilterOptions, width: number | undefined): string {
  if (matching === 0) return formatNone(options);
  const more = matching - letters.length;
  const beyond = more === 0 ? '' : `; ${formatCount(more)} are not shown: use a higher --limit`;
  return [
    formatTable(letterColumns, letters, width),
    `${formatQuantity(matching, 'dead letter')}${beyond}.\n`,
    ...(more === 0 ? [] : ['Counts by cause:      clerk-sync dead-letters summary']),
    `Why, and what to do:  clerk-sync dead-letters show ${letters[0]?.message_id}\n`,
  ].join('\n');
}

/** The answer if nothing matches. */
export function formatNone({ state = ['open'] }: FilterOptions): string {
  return `No ${state.join(' or ')} dead letters match.\n`;
}
