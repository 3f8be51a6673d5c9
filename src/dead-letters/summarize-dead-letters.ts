import { sql } from 'drizzle-orm';
import type { Session } from '../db/pool.ts';
import type { CappedCount } from '../db/sql/count-capped.ts';
import { makeQuery, type Query } from '../db/sql/make-query.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';
import { withCountedCauses } from './count-causes.ts';
import type { DeadLetterFilter } from './find-dead-letters.ts';

/** Letters that failed for one cause: the same reason at the same path. If the count is capped, only its oldest letters are in it. */
export interface DeadLetterGroup extends CappedCount {
  readonly reason: string;
  readonly path: string | null;
  readonly firstFailedAt: Date;
  readonly lastFailedAt: Date;
  /** One of them, to look at. */
  readonly exampleId: string;
}

/**
 * Groups the letters that the filter names by their cause, the largest group first.
 *
 * @param most letters of each cause that are counted. Default: 500,000, so that a page can wait for it.
 */
export async function summarizeDeadLetters(
  session: Session,
  filter: DeadLetterFilter,
  most?: number,
): Promise<DeadLetterGroup[]> {
  const groups = await session.run<ReadGroup>(makeSummaryQuery(filter, most));
  return groups.map((group) => ({
    ...group,
    firstFailedAt: readTime(group.firstFailedAt),
    lastFailedAt: readTime(group.lastFailedAt),
  }));
}

type ReadGroup = Omit<DeadLetterGroup, 'firstFailedAt' | 'lastFailedAt'> &
  Readonly<Record<'firstFailedAt' | 'lastFailedAt', string>>;

/**
 * The statement that groups what a filter names. Ids are compared byte by byte. Svix's begin with their time, so that gives
 * the oldest, and it is quicker than the order of a language.
 */
export function makeSummaryQuery(filter: DeadLetterFilter, most?: number): Query {
  return makeQuery(sql`${withCountedCauses(filter, most)}
  select reason, path, sum(count)::float8 as count, bool_or(capped) as capped,
    ${epochMs(sql`min(first_failed_at)`)} as "firstFailedAt",
    ${epochMs(sql`max(last_failed_at)`)} as "lastFailedAt",
    min(example collate "C") as "exampleId"
  from counted
  group by reason, path
  order by sum(count) desc, reason, path`);
}

/** How many letters the filter names, without its limit. Counted as `summarizeDeadLetters` does. */
export async function countDeadLetters(
  session: Session,
  filter: DeadLetterFilter,
  most?: number,
): Promise<CappedCount> {
  const query = sql`${withCountedCauses(filter, most)}
  select coalesce(sum(count), 0)::float8 as count, coalesce(bool_or(capped), false) as capped from counted`;
  const [row] = await session.run<CappedCount>(makeQuery(query));
  return row ?? { count: 0, capped: false };
}
