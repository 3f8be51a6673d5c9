import { type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';

/**
 * Reading a whole table is bounded by this many pages of 8 kB: a gigabyte, which takes seconds. Of a larger table as
 * much is read by chance, page by page.
 */
const MOST_PAGES = 131_072;

/** The share of a table of so many pages that `scan` reads; 1: all of it. */
export function findShare(pages: number): number {
  return Math.min(1, MOST_PAGES / pages);
}

/** A table of so many pages in a `from` clause: all of it, or as much as may be read for a check. */
export function scan(table: PgTable, alias: string, pages: number): SQL {
  const named = sql`${table} as ${sql.identifier(alias)}`;
  const share = findShare(pages);
  return share === 1 ? named : sql`${named} tablesample system (${sql.raw((100 * share).toFixed(6))})`;
}
