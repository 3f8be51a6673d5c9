import { getTableColumns, type InferSelectModel, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { listSql, nameOf } from './columns.ts';
import { epochMs, readTime } from './wire-time.ts';

/**
 * Columns for a select whose rows `readRow` reads. Times are read as `epochMs` says. A `bigint` whose column is a number
 * becomes one; the driver would make a text of it.
 */
export function selectReadable(columns: readonly PgColumn[]): SQL {
  return listSql(columns.map(makeReadable));
}

function makeReadable(column: PgColumn): SQL | PgColumn {
  if (isTime(column)) return sql`${epochMs(column)} as ${nameOf(column)}`;
  const isCount = column.dataType === 'number' && column.getSQLType() === 'bigint';
  return isCount ? sql`${column}::float8 as ${nameOf(column)}` : column;
}

/** A row as `selectReadable` has read it, with its times. */
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
