import { formatCount, formatQuantity } from '../../text/format-quantity.ts';
import { formatTime } from '../../text/format-values.ts';
import type { UserUpdate } from '../../user-updates/user-update.ts';
import { type Column, formatTable } from '../output/format-table.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { inTransaction } from '../program/open-database.ts';
import { chooseStates, selectUpdates, type UpdateFilterOptions, type UpdateSelection } from './select-updates.ts';

/** `updates list`: lists the requests that wait, the oldest first. */
export async function listUpdates(
  options: UpdateFilterOptions & { json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const states = chooseStates(options);
  const selection = await inTransaction(context, (session) => selectUpdates(session, options, states));
  printAnswer(context, options, {
    json: () => ({ matching: selection.matching, user_updates: selection.updates }),
    text: () => formatList(selection, states, context.width),
  });
  return 0;
}

/** The columns by which operators recognise a request. */
export const updateColumns: readonly Column<UserUpdate>[] = [
  { title: 'id', value: ({ id }) => String(id) },
  { title: 'user', value: ({ user_id: userId }) => userId },
  { title: 'action', value: ({ action }) => action },
  { title: 'properties', value: ({ request }) => Object.keys(request).join(' ') || null, narrowest: 12, spare: 2 },
  { title: 'state', value: ({ state }) => state },
  { title: 'reason', value: ({ error }) => error?.[0]?.code },
  { title: 'attempts', value: ({ attempts }) => attempts, spare: 5 },
  { title: 'inserted', value: ({ created_at: at }) => formatTime(at), spare: 1 },
  { title: 'settled', value: ({ settled_at: at }) => at && formatTime(at), spare: 4 },
];

function formatList(
  { updates, matching }: UpdateSelection,
  states: readonly string[],
  width: number | undefined,
): string {
  if (matching === 0) {
    const others = states.includes('rejected')
      ? ''
      : '\nThose that Clerk refused:  clerk-sync updates list --state rejected\n';
    return `No ${states.join(' or ')} update requests match.\n${others}`;
  }
  const more = matching - updates.length;
  const beyond = more === 0 ? '' : `; ${formatCount(more)} are not shown: use a higher --limit`;
  return [
    formatTable(updateColumns, updates, width),
    `${formatQuantity(matching, 'update request')}${beyond}.\n`,
    `Why, and what to do:  clerk-sync updates show ${updates[0]?.id}\n`,
  ].join('\n');
}
