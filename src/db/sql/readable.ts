import { getTableColumns, type InferSelectModel, type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { listSql, nameOf } from './columns.ts';
import { epochMs, readTime } from './wire-time.ts';

/** Columns of a select whose rows `readRow` reads. Times are selected with `epochMs`, and counts as numbers. */
export function selectReadable(columns: readonly PgColumn[]): SQL {
  return listSql(columns.map(makeReadable));
}

function makeReadable(column: PgColumn): SQLWrapper {
  if (isTime(column)) return sql`${epochMs(column)} as ${nameOf(column)}`;
  // The driver reads a `bigint` as text.
  return isCount(column) ? sql`${column}::float8 as ${nameOf(column)}` : column;
}

function isCount(column: PgColumn): boolean {
  return column.dataType === 'number' && column.getSQLType() === 'bigint';
}

/** A row of `selectReadable`, with its times as `Date`. */
export function readRow<Table extends PgTable, Name extends keyof InferSelectModel<Table>>(
  table: Table,
  row: Readonly<Record<Name, unknown>>,
): Pick<InferSelectModel<Table>, Name> {
  const columns: Record<string, PgColumn> = getTableColumns(table);
  const entries = Object.entries<unknown>(row).map(([name, value]) => {
    const column = columns[name];
    return [name, column !== undefined && isTime(column) ? readTime(value as string | null) : value];
  });
  return Object.fromEntries(entries);
}

function isTime({ dataType }: PgColumn): boolean {
  return dataType === 'date';
}
