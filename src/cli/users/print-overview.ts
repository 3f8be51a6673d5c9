import { formatCount, formatQuantity } from '../../text/format-quantity.ts';
import { type ListedUser, readOverview, type UserOverview } from '../../users/read-overview.ts';
import type { CommandContext, ExitCode } from '../command-context.ts';
import { withDatabase } from '../open-database.ts';
import { type Column, formatTable } from '../output/format-table.ts';
import { formatJson, formatTime } from '../output/format-values.ts';

/** `users`: how many there are, and who came last. */
export async function printOverview(
  { limit, json }: { limit: number; json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const overview = await withDatabase(context, (pool) =>
    pool.withTransaction((session) => readOverview(session, limit)),
  );
  context.stdout(json === true ? formatJson(overview) : formatOverview(overview, context));
  return 0;
}

const COLUMNS: readonly Column<ListedUser>[] = [
  { title: 'user', value: ({ id }) => id },
  { title: 'e-mail', value: (user) => user.primary_email_address, narrowest: 20 },
  { title: 'name', value: ({ first_name, last_name }) => joinName(first_name, last_name), spare: 1, narrowest: 10 },
  { title: 'user name', value: ({ username }) => username, spare: 3, narrowest: 10 },
  { title: 'created', value: ({ created_at: at }) => (at === null ? null : formatTime(new Date(at))), spare: 2 },
];

function formatOverview(
  { users, deleted, newest }: UserOverview,
  { invocation, width }: Pick<CommandContext, 'invocation' | 'width'>,
): string {
  const counts = `${formatQuantity(users, 'user')}${deleted === 0 ? '' : ` and ${formatCount(deleted)} deleted`}`;
  const [first] = newest;
  if (first === undefined) return `${counts}. Nothing to list: \`${invocation} send user.created\` makes a sample.\n`;
  return [
    formatTable(COLUMNS, newest, width),
    `${counts}${newest.length < users ? `, the newest ${newest.length} shown` : ''}.\n`,
    `All about one:  ${invocation} users find ${first.id}\n`,
  ].join('\n');
}

/** First and last name, as far as they are known. */
export function joinName(...names: unknown[]): string | null {
  return names.filter((name) => typeof name === 'string' && name !== '').join(' ') || null;
}
