import { type SQL, sql } from 'drizzle-orm';
import type { Session } from '../db/pool.ts';
import { makeQuery } from '../db/sql/make-query.ts';
import { formatCount } from '../text/format-quantity.ts';

/** To count a million rows takes a second, and nobody needs to know the last digits of so many. */
const CAP = 500_000;

/** A number of rows. */
export interface CappedCount {
  /** At most 500,000. */
  readonly count: number;
  /** There are more. */
  readonly capped: boolean;
}

/**
 * Counts the rows of a query, and stops at 500,000.
 *
 * @param query that selects anything, such as `select 1 from … where …`.
 */
export async function countCapped(session: Session, query: SQL, cap: number = CAP): Promise<CappedCount> {
  const counting = sql`select count(*)::float8 as count from (${query} limit ${cap + 1}) counted`;
  const [row] = await session.run<{ count: number }>(makeQuery(counting));
  const count = row?.count ?? 0;
  return { count: Math.min(count, cap), capped: count > cap };
}

/** `1,234`, or `500,000+` if there are more. */
export function formatCapped({ count, capped }: CappedCount): string {
  return `${formatCount(count)}${capped ? '+' : ''}`;
}
