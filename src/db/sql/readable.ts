import { getTableColumns, type InferSelectModel, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { listSql, nameOf } from './columns.ts';
import { epochMs, readTime } from './wire-time.ts';

/** Columns of a select whose rows `readRow` reads. Times are selected with `epochMs`. */
export function selectReadable(columns: readonly PgColumn[]): SQL {
  return listSql(columns.map((column) => (isTime(column) ? sql`${epochMs(column)} as ${nameOf(column)}` : column)));
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
