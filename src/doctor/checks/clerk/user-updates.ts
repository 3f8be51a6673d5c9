import { sql } from 'drizzle-orm';
import { userUpdates } from '../../../../drizzle/schema/user-updates.ts';
import { defineStatement } from '../../../db/sql/define-statement.ts';
import { epochMs, readTime } from '../../../db/sql/wire-time.ts';
import { formatAge } from '../../../text/format-age.ts';
import { formatQuantity } from '../../../text/format-quantity.ts';
import { listSome } from '../../../text/list-some.ts';
import type { Check } from '../../check.ts';
import { failed, ok, warning } from '../../finding.ts';
import type { Reader } from '../../reader.ts';

const { state, error, created_at, settled_at } = userUpdates;

const FIND_WAITING = defineStatement(
  'count waiting user updates',
  sql`
  select count(*)::float8 as count, ${epochMs(sql`min(${created_at})`)} as "oldestAt"
  from ${userUpdates} where ${state} in ('pending', 'sending')`,
);

const COUNT_REJECTED = defineStatement(
  'count rejected user updates by reason',
  sql`
  select coalesce(${error} #>> '{0,code}', 'unknown') as reason, count(*)::float8 as count
  from ${userUpdates} where ${state} = 'rejected' and ${settled_at} > now() - interval '1 day'
  group by 1 order by 2 desc, 1 limit 20`,
);

/** What the queue holds. */
interface Queue {
  readonly waiting: number;
  readonly oldestAt: Date | null;
  /** Of the last day, the most frequent reason first. */
  readonly rejected: readonly { readonly reason: string; readonly count: number }[];
}

function readQueue(reader: Reader): Promise<Queue> {
  return reader.read(async (session) => {
    const [waiting] = await session.run<{ count: number; oldestAt: string | null }>(FIND_WAITING);
    const rejected = await session.run<Queue['rejected'][number]>(COUNT_REJECTED);
    return { waiting: waiting?.count ?? 0, oldestAt: readTime(waiting?.oldestAt ?? null), rejected };
  });
}

/** Without a limit of Clerk's in its way, a request waits for some seconds. */
const LONG_MS = 600_000;

/** Whether requests to change users at Clerk are sent, and whether Clerk accepts them. */
export const checkUserUpdates: Check = async ({ read, command, clerk }) => {
  const { waiting, oldestAt, rejected } = await read(readQueue);
  const details = { waiting, oldest_at: oldestAt, rejected };
  const name = (count: number) => formatQuantity(count, 'update request');
  if (oldestAt !== null && clerk.state === 'unset') {
    return failed(
      `${name(waiting)} can't be sent, because CLERK_SECRET_KEY is not set. The oldest was inserted ${formatAge(oldestAt)}.`,
      "Set CLERK_SECRET_KEY for the service, from Clerk's dashboard under API keys.",
      details,
    );
  }
  const oldest = oldestAt === null ? '' : `, the oldest inserted ${formatAge(oldestAt)}`;
  const isLate = oldestAt !== null && Date.now() - oldestAt.getTime() > LONG_MS;
  const late = isLate ? [`Requests that wait: ${waiting}${oldest}.`] : [];
  const total = rejected.reduce((sum, { count }) => sum + count, 0);
  const reasons = listSome(rejected.map(({ reason, count }) => `${count} ${reason}`));
  const refused = total === 0 ? [] : [`Rejected since yesterday: ${reasons}.`];
  if (late.length + refused.length === 0) {
    return ok(oldestAt === null ? 'No update request waits.' : `${name(waiting)} waiting${oldest}.`, details);
  }
  const advice = [
    ...(isLate
      ? [`Check that a service with CLERK_SECRET_KEY runs. \`${command('updates list')}\` lists what waits.`]
      : []),
    ...(total === 0 ? [] : [`\`${command('updates list --state rejected')}\` lists what was rejected, and why.`]),
  ];
  return warning([...late, ...refused].join('\n'), advice.join(' '), details);
};
