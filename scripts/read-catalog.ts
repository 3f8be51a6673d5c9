import type postgres from 'postgres';
import { readParts, type SchemaPart } from '../src/doctor/checks/schema/read-parts.ts';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  /** An expression, or how Postgres makes the value by itself. */
  readonly default: string | null;
  readonly comment: string | null;
}

interface Definition {
  readonly name: string;
  readonly definition: string;
}

/** A table or a view. */
export interface Relation {
  readonly name: string;
  readonly kind: 'table' | 'view' | 'materialized view' | 'foreign table';
  readonly comment: string | null;
  readonly columns: readonly Column[];
  /** Keys and checks. Postgres 18 has NOT NULL among them, which stands in the columns here. */
  readonly constraints: readonly Definition[];
  readonly foreignKeys: readonly Definition[];
  /** Without those of constraints. */
  readonly indexes: readonly Definition[];
  /** Without those of constraints. */
  readonly triggers: readonly Definition[];
  /** The query of a view; null for a table. */
  readonly query: string | null;
}

/** The schema `clerk` as a database has it. */
export interface Catalog {
  readonly comment: string | null;
  /** Tables first, each kind by name. */
  readonly relations: readonly Relation[];
  /** By name. */
  readonly functions: readonly Definition[];
  /** The same as the doctor reads it. */
  readonly parts: readonly SchemaPart[];
}

type RelationRow = Pick<Relation, 'name' | 'kind' | 'comment' | 'query'> & { readonly oid: number };

const SCHEMA = `
  select obj_description(oid, 'pg_namespace') as comment from pg_namespace where oid = to_regnamespace('clerk')`;

const RELATIONS = `
  select oid::int, relname as name,
    case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
      else 'table' end as kind,
    obj_description(oid, 'pg_class') as comment, case relkind when 'v' then pg_get_viewdef(oid, true) end as query
  from pg_class where relnamespace = to_regnamespace('clerk') and relkind in ('r', 'p', 'v', 'm', 'f')
  order by relkind in ('v', 'm'), relname collate "C"`;

const COLUMNS = `
  select attname as name, format_type(atttypid, atttypmod) as type, not attnotnull as nullable,
    case attidentity when 'a' then 'generated always as identity' else pg_get_expr(adbin, adrelid) end as default, col_description(attrelid, attnum) as comment
  from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
  where attrelid = $1::int::oid and attnum > 0 and not attisdropped
  order by attnum`;

const CONSTRAINTS = `
  select conname as name, pg_get_constraintdef(oid, true) as definition
  from pg_constraint where conrelid = $1::int::oid and strpos($2::text, contype::text) > 0
  order by conname collate "C"`;

const INDEXES = `
  select relname as name, pg_get_indexdef(indexrelid) as definition
  from pg_index join pg_class on pg_class.oid = indexrelid
  where indrelid = $1::int::oid and not exists (select from pg_constraint where conindid = indexrelid and contype <> 'f')
  order by relname collate "C"`;

const TRIGGERS = `
  select tgname as name, pg_get_triggerdef(oid, true) as definition
  from pg_trigger where tgrelid = $1::int::oid and not tgisinternal
  order by tgname collate "C"`;

const FUNCTIONS = `
  select proname as name, pg_get_functiondef(oid) as definition
  from pg_proc where pronamespace = to_regnamespace('clerk')
  order by proname collate "C"`;

/**
 * Reads what the schema `clerk` is, in Postgres's own words. Every version of it says the same if the search path does not
 * have the schema: otherwise Postgres leaves out its name.
 */
export async function readCatalog(sql: postgres.Sql): Promise<Catalog> {
  const [schema] = await sql.unsafe<{ comment: string | null }[]>(SCHEMA);
  const relations = await sql.unsafe<RelationRow[]>(RELATIONS);
  return {
    comment: schema?.comment ?? null,
    relations: await Promise.all(
      relations.map(async ({ oid, ...relation }) => ({ ...relation, ...(await readRelation(sql, oid)) })),
    ),
    functions: [...(await sql.unsafe<Definition[]>(FUNCTIONS))],
    parts: await readParts({ run: async (statement) => sql.unsafe(statement) as never }),
  };
}

async function readRelation(sql: postgres.Sql, oid: number) {
  const [columns, constraints, foreignKeys, indexes, triggers] = await Promise.all([
    sql.unsafe<Column[]>(COLUMNS, [oid]),
    sql.unsafe<Definition[]>(CONSTRAINTS, [oid, 'pucx']),
    sql.unsafe<Definition[]>(CONSTRAINTS, [oid, 'f']),
    sql.unsafe<Definition[]>(INDEXES, [oid]),
    sql.unsafe<Definition[]>(TRIGGERS, [oid]),
  ]);
  return {
    ...{ columns: [...columns], constraints: [...constraints], foreignKeys: [...foreignKeys] },
    ...{ indexes: [...indexes], triggers: [...triggers] },
  };
}
