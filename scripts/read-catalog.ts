import type postgres from 'postgres';

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly default: string | null;
  readonly comment: string | null;
}

export interface Definition {
  readonly name: string;
  readonly definition: string;
}

export interface Relation {
  readonly name: string;
  readonly kind: 'table' | 'view';
  readonly comment: string | null;
  readonly columns: readonly Column[];
  /** Keys and checks. NOT NULL, which Postgres 18 counts among them, is told by the columns. */
  readonly constraints: readonly Definition[];
  readonly foreignKeys: readonly Definition[];
  /** Those that no constraint made. */
  readonly indexes: readonly Definition[];
  /** The query of a view; null for a table. */
  readonly query: string | null;
}

export interface Catalog {
  readonly comment: string | null;
  /** Tables first, each kind by name. */
  readonly relations: readonly Relation[];
}

/** Reads what the schema `clerk` is, in Postgres's own words, the same on every version of it. */
export async function readCatalog(sql: postgres.Sql): Promise<Catalog> {
  const [schema] = await sql<{ comment: string | null }[]>`
    select obj_description(oid, 'pg_namespace') as comment from pg_namespace where nspname = 'clerk'`;
  const relations = await sql<
    { oid: number; name: string; kind: Relation['kind']; comment: string | null; query: string | null }[]
  >`
    select oid::int, relname as name, case relkind when 'v' then 'view' else 'table' end as kind,
      obj_description(oid, 'pg_class') as comment, case relkind when 'v' then pg_get_viewdef(oid, true) end as query
    from pg_class where relnamespace = to_regnamespace('clerk') and relkind in ('r', 'p', 'v', 'm')
    order by kind, relname collate "C"`;
  return {
    comment: schema?.comment ?? null,
    relations: await Promise.all(
      relations.map(async ({ oid, ...relation }) => ({
        ...relation,
        columns: await readColumns(sql, oid),
        constraints: await readConstraints(sql, oid, ['p', 'u', 'c', 'x']),
        foreignKeys: await readConstraints(sql, oid, ['f']),
        indexes: await readIndexes(sql, oid),
      })),
    ),
  };
}

function readColumns(sql: postgres.Sql, oid: number): Promise<Column[]> {
  return sql<Column[]>`
    select attname as name, format_type(atttypid, atttypmod) as type, not attnotnull as nullable,
      pg_get_expr(adbin, adrelid) as default, col_description(attrelid, attnum) as comment
    from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where attrelid = ${oid}::oid and attnum > 0 and not attisdropped
    order by attnum`;
}

function readConstraints(sql: postgres.Sql, oid: number, kinds: string[]): Promise<Definition[]> {
  return sql<Definition[]>`
    select conname as name, pg_get_constraintdef(oid, true) as definition
    from pg_constraint where conrelid = ${oid}::oid and contype::text = any (${sql.array(kinds)})
    order by conname collate "C"`;
}

function readIndexes(sql: postgres.Sql, oid: number): Promise<Definition[]> {
  return sql<Definition[]>`
    select relname as name, pg_get_indexdef(indexrelid) as definition
    from pg_index join pg_class on pg_class.oid = indexrelid
    where indrelid = ${oid}::oid and not exists (select from pg_constraint where conindid = indexrelid and contype <> 'f')
    order by relname collate "C"`;
}
