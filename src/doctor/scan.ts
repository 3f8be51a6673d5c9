import type { TableFacts } from './survey-tables.ts';

/** A table in a `from` clause: all of it, or as much as may be read for a check. */
export interface Scan {
  readonly source: string;
  /** The share of the table that is read; 1: all of it. */
  readonly share: number;
}

/**
 * Reading a whole table is bounded by this many pages of 8 kB: a gigabyte, which takes seconds. Of a larger table as
 * much is read by chance, page by page.
 */
const MOST_PAGES = 131_072;

/** @param alias names the table in the statement. */
export function scan({ name, pages }: Pick<TableFacts, 'name' | 'pages'>, alias: string, mostPages = MOST_PAGES): Scan {
  if (pages <= mostPages) return { source: `clerk.${name} as ${alias}`, share: 1 };
  const share = mostPages / pages;
  return { source: `clerk.${name} as ${alias} tablesample system (${(100 * share).toFixed(6)})`, share };
}
