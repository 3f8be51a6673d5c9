import { getTableName, is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import type postgres from 'postgres';
import * as schema from '../../drizzle/schema/index.ts';

type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

/** Every table's rows, in the order of their keys. */
export type TablesDump = Record<string, Record<string, Value>[]>;

export interface DumpOptions {
  /** Columns to leave out of every table that has them, such as `synced_at`. */
  readonly omit?: readonly string[];
}

/**
 * Reads the whole state that the program keeps: all rows of all tables of the schema but `migrations` and
 * `processes`: who runs is no state that is kept. Times are ISO strings in UTC. A number that JavaScript can't hold exactly
 * comes as `{ digits: '9007199254740993' }`.
 */
export async function dumpTables(sql: postgres.Sql, { omit = [] }: DumpOptions = {}): Promise<TablesDump> {
  const { processes: _processes, ...kept } = schema;
  const tables = Object.values(kept).filter((value) => is(value, PgTable));
  const dumps = await Promise.all(
    tables.map(async (table) => [getTableName(table), await dumpTable(sql, table, omit)] as const),
  );
  return Object.fromEntries(dumps);
}

async function dumpTable(sql: postgres.Sql, table: PgTable, omit: readonly string[]) {
  const { name, columns, primaryKeys } = getTableConfig(table);
  const inlineKey = columns.filter((column) => column.primary);
  const key = (inlineKey.length > 0 ? inlineKey : (primaryKeys[0]?.columns ?? [])).map(
    (column) => `"${column.name}"::text collate "C"`,
  );
  const [row] = await sql.unsafe<{ rows: string }[]>(
    `select coalesce(json_agg(to_jsonb(t) - $1::text[] order by ${key.join(', ')}), '[]')::text as rows from clerk."${name}" t`,
    [[...omit]],
  );
  return JSON.parse(row?.rows ?? '[]', keepDigits);
}

/** `context.source` is the number as it was written (ES2026's JSON.parse source text access). */
function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return String(value) === context.source ? value : { digits: context.source };
}
