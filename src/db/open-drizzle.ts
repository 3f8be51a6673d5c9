import { getTableColumns, sql } from 'drizzle-orm';
import { type PgColumn, type PgTable, PgTimestamp } from 'drizzle-orm/pg-core';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import type { Session } from './connection.ts';
import { epochMs, readTime } from './wire-time.ts';

/**
 * A session through Drizzle, for statements that are composed from filters. Only operators' commands use it: loading
 * Drizzle takes half a second and 200 MB, which the service has better uses for (docs/performance.md).
 */
export function openDrizzle({ driver }: Session): PostgresJsDatabase {
  return drizzle(driver as postgres.Sql);
}

/** All columns of a table, for `select`: its times are read as `epochMs` says. */
export function selectColumns<T extends PgTable>(table: T): T['_']['columns'] {
  const columns = Object.entries(getTableColumns(table)).map(([name, column]) => [
    name,
    column instanceof PgTimestamp ? readColumn(column) : column,
  ]);
  return Object.fromEntries(columns);
}

function readColumn(column: PgColumn) {
  const [before, after] = epochMs('?').split('?') as [string, string];
  return sql`${sql.raw(before)}${column}${sql.raw(after)}`.mapWith((text: string) => readTime(text));
}
