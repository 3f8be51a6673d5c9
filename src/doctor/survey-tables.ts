import { epochMs, readTime } from '../db/sql/wire-time.ts';
import { OWN_TABLE_LIST } from './own-tables.ts';
import type { Reader } from './reader.ts';

/** A table of ours that is there. */
export interface TableFacts {
  readonly name: string;
  readonly select: boolean;
  readonly insert: boolean;
  readonly update: boolean;
  readonly delete: boolean;
  /** The role may change its columns. */
  readonly owned: boolean;
  /** Policies decide which rows the role sees and writes. */
  readonly rowSecurity: boolean;
  readonly unlogged: boolean;
  readonly pages: number;
  /** With its indexes and what is stored out of line. */
  readonly totalBytes: number;
  /** As Postgres estimates them. */
  readonly liveRows: number;
  readonly deadRows: number;
  readonly lastVacuumAt: Date | null;
  /** False where it is switched off for this table. */
  readonly autovacuum: boolean;
}

/** The schema, and what the role may do to it. */
export interface SchemaFacts {
  readonly exists: boolean;
  readonly usage: boolean;
  /** May make tables in it; where there is none, may make the schema. */
  readonly create: boolean;
  readonly owner: string | null;
  readonly tables: ReadonlyMap<string, TableFacts>;
}

const SCHEMA = `
  select n.oid is not null as exists, coalesce(has_schema_privilege(n.oid, 'usage'), false) as usage,
    coalesce(has_schema_privilege(n.oid, 'create'), has_database_privilege(current_database(), 'create')) as create,
    pg_get_userbyid(n.nspowner)::text as owner
  from (select to_regnamespace('clerk') as oid) found left join pg_namespace n on n.oid = found.oid`;

/** What Postgres counts of a table's rows is null where it was never asked to. */
const TABLES = `
  select c.relname::text as name,
    has_table_privilege(c.oid, 'select') as select, has_table_privilege(c.oid, 'insert') as insert,
    has_table_privilege(c.oid, 'update') as update, has_table_privilege(c.oid, 'delete') as delete,
    pg_has_role(c.relowner, 'usage') as owned, row_security_active(c.oid) as "rowSecurity",
    c.relpersistence <> 'p' as unlogged,
    (pg_relation_size(c.oid) / current_setting('block_size')::int)::float8 as pages,
    pg_total_relation_size(c.oid)::float8 as "totalBytes",
    coalesce(s.n_live_tup, 0)::float8 as "liveRows", coalesce(s.n_dead_tup, 0)::float8 as "deadRows",
    ${epochMs('greatest(s.last_vacuum, s.last_autovacuum)')} as "lastVacuumAt",
    not coalesce(c.reloptions && array['autovacuum_enabled=false', 'autovacuum_enabled=off'], false) as autovacuum
  from pg_class c left join pg_stat_all_tables s on s.relid = c.oid
  where c.relnamespace = to_regnamespace('clerk') and c.relkind in ('r', 'p') and c.relname in (${OWN_TABLE_LIST})
  order by c.relname collate "C"`;

/** Reads what is in the schema; needs no right in it. */
export function surveyTables(reader: Reader): Promise<SchemaFacts> {
  return reader.read(async (session) => {
    const [[schema], tables] = await Promise.all([
      session.run<Omit<SchemaFacts, 'tables'>>(SCHEMA),
      session.run<Omit<TableFacts, 'lastVacuumAt'> & { lastVacuumAt: string | null }>(TABLES),
    ]);
    return {
      ...(schema as Omit<SchemaFacts, 'tables'>),
      tables: new Map(tables.map((table) => [table.name, { ...table, lastVacuumAt: readTime(table.lastVacuumAt) }])),
    };
  });
}

/** A table that is to be read is not there. */
export class MissingTableError extends Error {
  override readonly name = 'MissingTableError';
  readonly table: string;

  constructor(table: string) {
    super(`The table ${table} is missing.`);
    this.table = table;
  }
}

/** @throws {MissingTableError} */
export function getTable({ tables }: SchemaFacts, name: string): TableFacts {
  const found = tables.get(name);
  if (found === undefined) throw new MissingTableError(name);
  return found;
}
