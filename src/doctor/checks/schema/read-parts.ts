import type { Parameter } from '../../../db/connection/connection.ts';
import { OWN_TABLE_LIST } from '../data/read-tables.ts';

/**
 * What a schema is made of. `not null` and `default` are parts of their own, since each can be wrong alone. Those of the
 * last line are never expected: they do harm wherever they are.
 */
export type PartKind =
  | ('relation' | 'query' | 'column' | 'view column' | 'not null' | 'default' | 'index' | 'constraint' | 'comment')
  | ('function' | 'trigger')
  | ('invalid index' | 'unlogged table' | 'disabled key' | 'rule' | 'reference');

/** One part of a schema. Two parts with the same kind, table and name are the same part. */
export interface SchemaPart {
  readonly kind: PartKind;
  /** Or the view, or the function. */
  readonly table: string;
  /** Empty if a table has only one part of this kind. */
  readonly name: string;
  /** What it is, in Postgres's words. Empty if it is enough that the part is there. */
  readonly definition: string;
}

/** The comment of a trigger begins so if an operator wants the trigger as it is. */
export const ACCEPTED = 'clerk-sync: accepted';

const DEFINITIONS = `
  select 'relation', relname, '', kind, 0 from relations
  union all select 'query', relname, '', pg_get_viewdef(oid, true), 0 from relations where kind = 'view'
  union all select 'comment', relname, '', obj_description(oid, 'pg_class'), 0 from relations
  union all select 'comment', relname, attname, col_description(oid, attnum), attnum from columns
  union all select 'view column', relname, attname, '', attnum from columns where kind = 'view'
  union all select 'column', relname, attname, format_type(atttypid, atttypmod), attnum from columns where kind <> 'view'
  union all select 'not null', relname, attname, '', attnum from columns where kind <> 'view' and attnotnull
  union all select 'default', relname, attname, pg_get_expr(adbin, adrelid), attnum
    from columns join pg_attrdef on adrelid = columns.oid and adnum = attnum
  union all select 'default', relname, attname, 'generated always as identity', attnum from columns where attidentity = 'a'
  union all select 'function', proname, '', pg_get_functiondef(oid), 0
    from pg_proc where pronamespace = to_regnamespace('clerk') and prokind in ('f', 'p')
  union all select 'index', relations.relname, i.relname, pg_get_indexdef(indexrelid), 0
    from relations join pg_index on indrelid = relations.oid join pg_class i on i.oid = indexrelid
    where not exists (select from pg_constraint where conindid = indexrelid and contype <> 'f')
  union all select 'constraint', relname, conname, pg_get_constraintdef(c.oid, true), 0
    from relations join pg_constraint c on conrelid = relations.oid where contype in ('p', 'u', 'c', 'x', 'f')`;

/**
 * A foreign key from elsewhere to `users` is fine, since their rows stay. One to a child table refuses the deletion of a
 * child. Internal triggers are those of foreign keys: some restores leave them switched off, and then children without a
 * user get in. A trigger that waits for the commit is the right way to react to a change.
 */
const HAZARDS = `
  select 'invalid index', ours.relname, i.relname, '', 0
    from ours join pg_index on indrelid = ours.oid join pg_class i on i.oid = indexrelid
    where not indisvalid or not indisready
  union all select 'unlogged table', relname, '', '', 0 from ours where relpersistence <> 'p'
  union all select 'disabled key', relname, '', '', 0 from ours
    where exists (select from pg_trigger where tgrelid = ours.oid and tgisinternal and tgenabled <> 'O')
  union all select 'trigger', relname, tgname, pg_get_triggerdef(t.oid, true), 0
    from ours join pg_trigger t on tgrelid = ours.oid
    where not tgisinternal and tgenabled <> 'D' and not (tgconstraint <> 0 and tgdeferrable and tginitdeferred)
      and coalesce(obj_description(t.oid, 'pg_trigger') not like '${ACCEPTED}%', true)
  union all select 'rule', relname, rulename, '', 0 from ours join pg_rewrite on ev_class = ours.oid
  union all select 'reference', relname, conname, conrelid::regclass::text, 0
    from ours join pg_constraint on confrelid = ours.oid
    where contype = 'f' and relname <> 'users' and confdeltype in ('a', 'r') and conrelid not in (select oid from ours)`;

const STATEMENT = `
  with relations as (
    select oid, relname, relkind, relpersistence, case relkind when 'v' then 'view' when 'm' then 'materialized view'
      when 'f' then 'foreign table' else 'table' end as kind
    from pg_class where relnamespace = to_regnamespace('clerk') and relkind in ('r', 'p', 'v', 'm', 'f')
  ), columns as (
    select relations.*, attname, attnum, atttypid, atttypmod, attnotnull, attidentity
    from relations join pg_attribute on attrelid = relations.oid and attnum > 0 and not attisdropped
  ), ours as (
    select * from relations where kind = 'table' and relname in (${OWN_TABLE_LIST})
  ), parts (kind, "table", name, definition, place) as (${DEFINITIONS} union all ${HAZARDS})
  select kind, "table"::text, name::text, definition from parts
  where definition is not null order by "table" collate "C", kind collate "C", place, name collate "C"`;

/** What can ask: a session of the pool, or a connection of one's own. */
interface Runner {
  run<Row extends object>(statement: string, parameters?: Parameter[]): Promise<Row[]>;
}

/**
 * Reads what the schema `clerk` is. Every version of Postgres says the same if the search path does not have the schema:
 * otherwise Postgres leaves out its name.
 */
export function readParts(runner: Runner): Promise<SchemaPart[]> {
  return runner.run<SchemaPart>(STATEMENT);
}
