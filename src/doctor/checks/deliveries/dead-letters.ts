import { sql } from 'drizzle-orm';
import { isOneOf } from '../../../../drizzle/schema/clerk-schema.ts';
import { unresolvedLetterStates } from '../../../../drizzle/schema/codes.ts';
import { deadLetters } from '../../../../drizzle/schema/messages.ts';
import { defineStatement } from '../../../db/sql/define-statement.ts';
import { epochMs, readTime } from '../../../db/sql/wire-time.ts';
import { formatAge } from '../../../text/format-age.ts';
import { formatQuantity } from '../../../text/format-quantity.ts';
import { listSome } from '../../../text/list-some.ts';
import type { Check } from '../../check.ts';
import { ok, warning } from '../../finding.ts';
import type { Reader } from '../../reader.ts';

/** The open dead letters of one reason. */
interface OpenLetters {
  readonly reason: string;
  readonly count: number;
  readonly oldestAt: Date;
}

const COUNT = defineStatement(
  'count dead letters by reason',
  sql`
  select ${deadLetters.reason}, count(*)::float8 as count,
    ${epochMs(sql`min(${deadLetters.first_failed_at})`)} as "oldestAt"
  from ${deadLetters} where ${isOneOf(deadLetters.state, unresolvedLetterStates)} group by ${deadLetters.reason} order by 2 desc, 1 limit 20`,
);

/** The most frequent reason comes first. */
function readOpenLetters(reader: Reader): Promise<OpenLetters[]> {
  return reader.read(async (session) => {
    const rows = await session.run<Omit<OpenLetters, 'oldestAt'> & { oldestAt: string }>(COUNT);
    return rows.map((row) => ({ ...row, oldestAt: readTime(row.oldestAt) }));
  });
}

/** Whether dead letters wait for an operator. Each is an event or a user that is missing in the tables. */
export const checkDeadLetters: Check = async ({ read, command }) => {
  const letters = await read(readOpenLetters);
  const details = {
    open: letters.map(({ reason, count, oldestAt }) => ({ reason, count, oldest_at: oldestAt })),
  };
  if (letters.length === 0) return ok('None is open.', details);
  const lines = letters.map(
    ({ reason, count, oldestAt }) =>
      `${formatQuantity(count, 'open dead letter')}: ${reason}, the oldest ${formatAge(oldestAt)}`,
  );
  return warning(
    letters.length === 1 ? `${lines[0]}.` : listSome(lines, 8, '\n'),
    `\`${command('dead-letters summary')}\` counts them by cause, with an example of each. \`${command('dead-letters show <id>')}\` says what to do. Then replay or discard them.`,
    details,
  );
};
