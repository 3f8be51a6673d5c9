import { sql } from 'drizzle-orm';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';
import { type Finding, ok, warning } from './check.ts';
import type { Reader } from './reader.ts';
import { age, list, quantity } from './wording.ts';

/** The open dead letters of one reason. */
export interface OpenLetters {
  readonly reason: string;
  readonly count: number;
  readonly oldestAt: Date;
}

const COUNT = defineStatement(
  'count dead letters by reason',
  sql`
  select ${deadLetters.reason}, count(*)::float8 as count,
    ${epochMs(sql`min(${deadLetters.first_failed_at})`)} as "oldestAt"
  from ${deadLetters} where ${deadLetters.state} = 'open' group by ${deadLetters.reason} order by 2 desc, 1 limit 20`,
);

/** Counts what waits for an operator, the most frequent reason first. */
export function surveyDeadLetters(reader: Reader): Promise<OpenLetters[]> {
  return reader.read(async (session) => {
    const rows = await session.run<Omit<OpenLetters, 'oldestAt'> & { oldestAt: string }>(COUNT);
    return rows.map((row) => ({ ...row, oldestAt: readTime(row.oldestAt) }));
  });
}

/** Each is an event or a user that is not in the tables. */
export function checkDeadLetters(
  letters: readonly OpenLetters[],
  command: (line: string) => string,
  now: number = Date.now(),
): Finding {
  const details = {
    open: letters.map(({ reason, count, oldestAt }) => ({ reason, count, oldest_at: oldestAt })),
  };
  if (letters.length === 0) return ok('None is open.', details);
  const lines = letters.map(
    ({ reason, count, oldestAt }) =>
      `${quantity(count, 'open letter')}: ${reason}, the oldest from ${age(oldestAt, now)}`,
  );
  return warning(
    letters.length === 1 ? `${lines[0]}.` : list(lines, 8, '\n'),
    `\`${command('dead-letters summary')}\` counts them by cause, with an example of each; \`${command('dead-letters show <id>')}\` says what to do. Then replay or discard them.`,
    details,
  );
}
