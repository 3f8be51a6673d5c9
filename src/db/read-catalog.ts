import type { Parameter } from './connection/connection.ts';

export interface CatalogColumn {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  /** An expression, or how Postgres makes the value by itself. */
  readonly default: string | null;
  readonly comment: string | null;
}

export interface CatalogDefinition {
  readonly name: string;
  readonly definition: string;
}

export interface CatalogRelation {
  readonly name: string;
  readonly kind: 'table' | 'view' | 'materialized view' | 'foreign table';
  readonly comment: string | null;
  readonly columns: readonly CatalogColumn[];
  /** Keys and checks. NOT NULL, which Postgres 18 counts among them, is told by the columns. */
  readonly constraints: readonly CatalogDefinition[];
  readonly foreignKeys: readonly CatalogDefinition[];
  /** Those that no constraint made. */
  readonly indexes: readonly CatalogDefinition[];
  /** Those that no constraint made and that are switched on. */
  readonly triggers: readonly CatalogDefinition[];
  /** The query of a view; null for a table. */
  readonly query: string | null;
}

export interface Catalog {
  readonly comment: string | null;
  /** Tables first, each kind by name. */
  readonly relations: readonly CatalogRelation[];
  /** By name. */
  readonly functions: readonly CatalogDefinition[];
}

/** What is needed to ask: a pool's session has it, and so has a connection of one's own. */
interface Runner {
  run<Row extends object>(statement: string, parameters?: Parameter[]): Promise<Row[]>;
}

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
  from pg_trigger where tgrelid = $1::int::oid and not tgisinternal and tgconstraint = 0 and tgenabled <> 'D'
  order by tgname collate "C"`;

const FUNCTIONS = `
  select proname as name, pg_get_functiondef(oid) as definition
  from pg_proc where pronamespace = to_regnamespace('clerk') and prokind = 'f'
  order by proname collate "C"`;

/**
 * Reads what the schema `clerk` is, in Postgres's own words: the same on every version of it, as long as the search path
 * does not have the schema, since Postgres leaves out what can be found without.
 */
export async function readCatalog(runner: Runner): Promise<Catalog> {
  const [schema] = await runner.run<{ comment: string | null }>(SCHEMA);
  const relations = await runner.run<
    Pick<CatalogRelation, 'name' | 'kind' | 'comment' | 'query'> & { readonly oid: number }
  >(RELATIONS);
  return {
    comment: schema?.comment ?? null,
    relations: await Promise.all(
      relations.map(async ({ oid, ...relation }) => ({ ...relation, ...(await readParts(runner, oid)) })),
    ),
    functions: await runner.run<CatalogDefinition>(FUNCTIONS),
  };
}

/** Asked for at once, so that the statements travel together. */
async function readParts(runner: Runner, oid: number) {
  const [columns, constraints, foreignKeys, indexes, triggers] = await Promise.all([
    runner.run<CatalogColumn>(COLUMNS, [oid]),
    runner.run<CatalogDefinition>(CONSTRAINTS, [oid, 'pucx']),
    runner.run<CatalogDefinition>(CONSTRAINTS, [oid, 'f']),
    runner.run<CatalogDefinition>(INDEXES, [oid]),
    runner.run<CatalogDefinition>(TRIGGERS, [oid]),
  ]);
  return { columns, constraints, foreignKeys, indexes, triggers };
}
