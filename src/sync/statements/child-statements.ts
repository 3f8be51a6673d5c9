import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { childTables } from '../../../drizzle/schema/child-tables.ts';
import { type ListKey, listKeys } from '../../clerk/user/children.ts';
import { assign, list, listColumns, literal, nameOf, namesOf, recordset } from '../../db/sql/columns.ts';
import { defineStatement, type Statement } from '../../db/sql/define-statement.ts';

/** One row a user; each list has the ids that shall stay, and is null where the user's list is not written. */
const idsByList = Object.fromEntries(listKeys.map((key) => [key, 'text[]']));
const { user_id: userIdOfRow } = alias(childTables.email_addresses, 'r');

/**
 * Finds the children that are stored and no longer there. One statement for all tables, since nearly every update finds
 * none: in place of seven deletions of nothing it made 1,318 events a second of 1,189 (docs/performance.md).
 *
 * Here and below, `lateral (… offset 0)` keeps the planner from turning a look-up by key into a join: a plan that was made
 * while the tables were small, and is kept with the prepared statement, would read all of them for each batch. With
 * 15,000 users a batch of 100 updates took 55 ms so, and takes 25 ms now.
 */
export const FIND_ABSENT_CHILDREN = defineStatement(
  'find absent children',
  sql`
  with r as materialized (select * from ${recordset([userIdOfRow], idsByList)})
  ${sql.join(
    listKeys.map(selectAbsent),
    sql`
  union all`,
  )}`,
);

function selectAbsent(key: ListKey) {
  const table = childTables[key];
  const c = alias(table, 'c');
  return sql`
  select ${literal(key)} as key, ${c.user_id}, ${c.id}
  from r cross join lateral (
    select ${table.user_id}, ${table.id} from ${table} where ${table.user_id} = ${userIdOfRow} offset 0
  ) c
  where ${c.id} <> all(r.${sql.identifier(key)})`;
}

interface ChildStatements {
  readonly remove: Statement;
  /** For users whose row was made a moment ago: nobody else can have given them children. */
  readonly insert: Statement;
  /** Leaves out, before the insert, what is unchanged: `on conflict … where` would lock each row, which writes it. */
  readonly upsert: Statement;
  /** Finds the users of whom a stated child is missing here, or says something else. */
  readonly findAltered: Statement;
}

function defineStatements(key: ListKey): ChildStatements {
  const table = childTables[key];
  const [c, r, excluded] = [alias(table, 'c'), alias(table, 'r'), alias(table, 'excluded')];
  const isValue = ({ name }: { name: string }) => name !== c.user_id.name && name !== c.id.name;
  const [stored, stated] = [listColumns(c), listColumns(r)];
  const insert = sql`
  insert into ${table} (${namesOf(listColumns(table))})
  select ${list(stated)}
  from ${recordset(stated)}`;
  const whereDiffering = sql`
  left join lateral (
    select * from ${table} where ${table.user_id} = ${r.user_id} and ${table.id} = ${r.id} offset 0
  ) c on true
  where ${c.id} is null
    or (${list(stored.filter(isValue))})
      is distinct from (${list(stated.filter(isValue))})`;
  return {
    remove: defineStatement(
      `remove ${key}`,
      sql`
  delete from ${table} as c using ${recordset([r.user_id, r.id])}
  where ${c.user_id} = ${r.user_id} and ${c.id} = ${r.id}`,
    ),
    insert: defineStatement(`insert ${key}`, insert),
    upsert: defineStatement(
      `upsert ${key}`,
      sql`${insert}${whereDiffering}
  on conflict (${nameOf(c.user_id)}, ${nameOf(c.id)}) do update set
    ${assign(stored.filter(isValue), excluded)}`,
    ),
    findAltered: defineStatement(
      `find altered ${key}`,
      sql`
  select distinct ${r.user_id} from ${recordset(stated)}${whereDiffering}`,
    ),
  };
}

/** The statements of each child table, by the key of its list. */
export const childStatements = Object.fromEntries(listKeys.map((key) => [key, defineStatements(key)])) as Readonly<
  Record<ListKey, ChildStatements>
>;
