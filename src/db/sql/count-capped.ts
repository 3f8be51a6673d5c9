import { type SQL, sql } from 'drizzle-orm';
import type { Session } from '../connection/connection.ts';
import { makeQuery } from './make-query.ts';

/** To count a million rows takes a second, and nobody needs to know the last digits of so many. */
export const MOST_COUNTED = 500_000;

/** A number of rows. */
export interface CappedCount {
  readonly count: number;
  /** There may be more: the count has stopped. */
  readonly capped: boolean;
}

/**
 * Counts the rows of a query, and stops at 500,000.
 *
 * @param query that selects anything, such as `select 1 from … where …`.
 */
export async function countCapped(session: Session, query: SQL, cap: number = MOST_COUNTED): Promise<CappedCount> {
  const counting = sql`select count(*)::float8 as count from (${query} limit ${cap + 1}) counted`;
  const [row] = await session.run<{ count: number }>(makeQuery(counting));
  const count = row?.count ?? 0;
  return { count: Math.min(count, cap), capped: count > cap };
}
