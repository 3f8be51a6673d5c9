import { getTableName, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { listSql, nameOf } from '../db/sql/columns.ts';
import { defineStatement, type Statement } from '../db/sql/define-statement.ts';

/** The moment before which a row is old: the first parameter of each statement. */
export const CUTOFF = sql.raw('$1::text::timestamptz');

/** Rows that one transaction looks at. */
const BATCH_ROWS = 1000;

/** What is old in a table, and how the table is walked. The columns and conditions are those of its alias `t`. */
export interface RemovalRule {
  readonly name: string;
  readonly table: PgTable;
  /** The columns by which the table is walked, with a value below all others. The last one is the primary key. */
  readonly walk: readonly { readonly column: PgColumn; readonly lowest: string }[];
  /** Ends the walk early: the rows behind it can't be old. It is a condition that an index serves. */
  readonly within?: SQL;
  /** True for a row behind which no row of the walk is old, as far as no index can tell it. */
  readonly ends?: SQL;
  /** True for a row that goes. */
  readonly isOld: SQL;
}

/** How old rows of a table are removed, batch by batch, and counted. */
export interface Removal {
  /** The table's name. */
  readonly table: string;
  /** Where the walk begins, for `remove`. */
  readonly start: string;
  /** Takes the cutoff and a place, and removes what is old in the batch behind that place. */
  readonly remove: Statement;
  /** Takes the cutoff, and counts what `remove` would remove in a whole walk. */
  readonly count: Statement;
}

/** The row that `remove` returns. `next` is null at the end of the walk. */
export interface RemovedBatch {
  readonly rows: number;
  readonly next: string | null;
}

/**
 * Makes the statements for a table. The rows of a batch are looked at again when they are deleted. So a row that somebody
 * has changed meanwhile is judged by what it says now.
 */
export function defineRemoval({
  name,
  table,
  walk,
  within = sql`true`,
  ends = sql`false`,
  isOld,
}: RemovalRule): Removal {
  const columns = walk.map(({ column }) => column);
  const key = columns.at(-1) as PgColumn;
  const place = listSql(
    columns.map((column, index) => sql.raw(`($2::text::json ->> ${index})::${column.getSQLType()}`)),
  );
  const from = sql`${table} as t`;
  return {
    table: getTableName(table),
    start: JSON.stringify(walk.map(({ lowest }) => lowest)),
    remove: defineStatement(
      `remove ${name}`,
      sql`
  with batch as materialized (
    select ${listSql(columns)}, ${ends} as is_end from ${from}
    where ${within} and (${listSql(columns)}) > (${place})
    order by ${listSql(columns)} limit ${sql.raw(String(BATCH_ROWS))}
  ), gone as (
    delete from ${from} using batch where ${key} = batch.${nameOf(key)} and ${isOld} returning 1
  )
  select (select count(*) from gone)::float8 as rows, (
    select json_build_array(${listSql(columns.map((column) => sql`batch.${nameOf(column)}::text`))})::text
    from batch order by ${listSql(columns.map((column) => sql`batch.${nameOf(column)} desc`))}
    limit case when (select count(*) < ${sql.raw(String(BATCH_ROWS))} or bool_or(is_end) from batch) then 0 else 1 end
  ) as next`,
    ),
    count: defineStatement(
      `count ${name}`,
      sql`
  select count(*)::float8 as rows from ${from} where ${within} and ${isOld}`,
    ),
  };
}
