import { getTableName, is, type SQL, sql } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import * as schema from '../../../../drizzle/schema/index.ts';
import { quoteText } from '../../../db/sql/quote-identifier.ts';
import { epochMs, readTime } from '../../../db/sql/wire-time.ts';
import { SkippedError } from '../../finding.ts';
import type { Reader } from '../../reader.ts';

const names = Object.values(schema)
  .filter((value) => is(value, PgTable))
  .map((table) => getTableName(table));

/** The tables that clerk-sync makes. The checks leave all others in the schema alone. */
export const OWN_TABLES: readonly string[] = [...names, 'migrations'].sort();

/** The same as a list in SQL. */
export const OWN_TABLE_LIST: string = OWN_TABLES.map(quoteText).join(', ');

/** One of our tables. */
export interface TableFacts {
  readonly name: string;
  readonly select: boolean;
  readonly insert: boolean;
  readonly update: boolean;
  readonly delete: boolean;
  readonly owned: boolean;
  /** Policies decide which rows the role sees and writes. */
  readonly rowSecurity: boolean;
  readonly pages: number;
  /** With its indexes and with values that are stored outside its rows. */
  readonly totalBytes: number;
  readonly liveRows: number;
  readonly deadRows: number;
  readonly lastVacuumAt: Date | null;
  /** False if it is switched off for this table. */
  readonly autovacuum: boolean;
}

/** The schema, and what the role may do in it. */
export interface SchemaFacts {
  readonly exists: boolean;
  readonly usage: boolean;
  /** The role may make tables in the schema. If there is no schema, the role may make it. */
  readonly create: boolean;
  readonly owner: string | null;
  readonly tables: ReadonlyMap<string, TableFacts>;
}

const SCHEMA = `
  select n.oid is not null as exists, coalesce(has_schema_privilege(n.oid, 'usage'), false) as usage,
    coalesce(has_schema_privilege(n.oid, 'create'), has_database_privilege(current_database(), 'create')) as create,
    pg_get_userbyid(n.nspowner)::text as owner
  from (select to_regnamespace('clerk') as oid) found left join pg_namespace n on n.oid = found.oid`;

/** Postgres has no counts of a table's rows if it was never asked to keep them. */
const TABLES = `
  select c.relname::text as name,
    has_table_privilege(c.oid, 'select') as select, has_table_privilege(c.oid, 'insert') as insert,
    has_table_privilege(c.oid, 'update') as update, has_table_privilege(c.oid, 'delete') as delete,
    pg_has_role(c.relowner, 'usage') as owned, row_security_active(c.oid) as "rowSecurity",
    (pg_relation_size(c.oid) / current_setting('block_size')::int)::float8 as pages,
    pg_total_relation_size(c.oid)::float8 as "totalBytes",
    coalesce(s.n_live_tup, 0)::float8 as "liveRows", coalesce(s.n_dead_tup, 0)::float8 as "deadRows",
    ${epochMs('greatest(s.last_vacuum, s.last_autovacuum)')} as "lastVacuumAt",
    not coalesce(c.reloptions && array['autovacuum_enabled=false', 'autovacuum_enabled=off'], false) as autovacuum
  from pg_class c left join pg_stat_all_tables s on s.relid = c.oid
  where c.relnamespace = to_regnamespace('clerk') and c.relkind in ('r', 'p') and c.relname in (${OWN_TABLE_LIST})
  order by c.relname collate "C"`;

/** Reads what is in the schema. The role needs no right in it. */
export function readTables(reader: Reader): Promise<SchemaFacts> {
  return reader.read(async (session) => {
    const [[schemaRow], tables] = await Promise.all([
      session.run<Omit<SchemaFacts, 'tables'>>(SCHEMA),
      session.run<Omit<TableFacts, 'lastVacuumAt'> & { lastVacuumAt: string | null }>(TABLES),
    ]);
    return {
      ...(schemaRow as Omit<SchemaFacts, 'tables'>),
      tables: new Map(tables.map((table) => [table.name, { ...table, lastVacuumAt: readTime(table.lastVacuumAt) }])),
    };
  });
}

/**
 * How many pages a table has, for `scan`.
 *
 * @throws {SkippedError} if there is no such table.
 */
export async function readPages(reader: Reader, table: PgTable): Promise<number> {
  const name = getTableName(table);
  const found = (await reader.share(readTables)).tables.get(name);
  if (found === undefined) throw new SkippedError(`The table ${name} is missing.`);
  return found.pages;
}

/** A check reads a whole table of up to so many pages of 8 kB: a gigabyte, which takes seconds. */
const MOST_PAGES = 131_072;

/** The share of a table of so many pages that `scan` reads; 1: all of it. */
export function findShare(pages: number): number {
  return Math.min(1, MOST_PAGES / pages);
}

/** A table of so many pages in a `from` clause. Of a larger one a random part of its pages is read. */
export function scan(table: PgTable, alias: string, pages: number): SQL {
  const named = sql`${table} as ${sql.identifier(alias)}`;
  const share = findShare(pages);
  return share === 1 ? named : sql`${named} tablesample system (${sql.raw((100 * share).toFixed(6))})`;
}
