import { formatCount, formatQuantity } from '../../text/format-quantity.ts';
import { formatTime } from '../../text/format-values.ts';
import { type ListedUser, readOverview, type UserOverview } from '../../users/read-overview.ts';
import { type Column, formatTable } from '../output/format-table.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { inTransaction } from '../program/open-database.ts';

/** `users`: counts the users and lists the newest. */
export async function printOverview(
  options: { limit: number; json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const overview = await inTransaction(context, (session) => readOverview(session, options.limit));
  printAnswer(context, options, { json: () => overview, text: () => formatOverview(overview, context.width) });
  return 0;
}

const COLUMNS: readonly Column<ListedUser>[] = [
  { title: 'user', value: ({ id }) => id },
  { title: 'e-mail', value: (user) => user.primary_email_address, narrowest: 20 },
  { title: 'name', value: ({ first_name, last_name }) => joinName(first_name, last_name), spare: 1, narrowest: 10 },
  { title: 'user name', value: ({ username }) => username, spare: 3, narrowest: 10 },
  { title: 'created', value: ({ created_at: at }) => (at === null ? null : formatTime(new Date(at))), spare: 2 },
];

function formatOverview({ users, deleted, newest }: UserOverview, width: number | undefined): string {
  const counts = `${formatQuantity(users, 'user')}${deleted === 0 ? '' : ` and ${formatCount(deleted)} deleted`}`;
  const [first] = newest;
  if (first === undefined) return `${counts}. \`clerk-sync send user.created\` makes a sample user.\n`;
  return [
    formatTable(COLUMNS, newest, width),
    `${counts}${newest.length < users ? `; the newest ${newest.length} are shown` : ''}.\n`,
    `To see one user:  clerk-sync users find ${first.id}\n`,
  ].join('\n');
}

/** First and last name, if they are known. */
export function joinName(...names: unknown[]): string | null {
  return names.filter((name) => typeof name === 'string' && name !== '').join(' ') || null;
}
