import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { childTables } from '../../../drizzle/schema/child-tables.ts';
import { type ClerkChild, type ListKey, listKeys } from '../../clerk/user/children.ts';
import type { Session } from '../../db/pool.ts';
import { assign, listColumns, listSql, literal, nameOf, namesOf, recordset } from '../../db/sql/columns.ts';
import { defineStatement, type Statement } from '../../db/sql/define-statement.ts';
import type { UserSnapshot } from '../snapshots/snapshot.ts';

/** One row for each user. Each list has the ids that stay, and is null if the user's list is not written. */
const idsByList = Object.fromEntries(listKeys.map((key) => [key, 'text[]']));
const { user_id: userIdOfRow } = alias(childTables.email_addresses, 'r');

/**
 * Finds the children that are stored and no longer there. It is one statement for all tables, since nearly every update
 * finds none. In place of seven deletions of nothing it made 1,318 events a second of 1,189 (docs/performance.md).
 *
 * Here and below, `lateral (… offset 0)` keeps the planner from making a join of a look-up by key. A plan that was made
 * while the tables were small, and is kept with the prepared statement, would read all of them for each batch. With
 * 15,000 users a batch of 100 updates took 55 ms with such a plan, and takes 25 ms now.
 */
const FIND_ABSENT_CHILDREN = defineStatement(
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
  /** For users whose row was made in this transaction: no other can have given them children. */
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
  select ${listSql(stated)}
  from ${recordset(stated)}`;
  const whereDiffering = sql`
  left join lateral (
    select * from ${table} where ${table.user_id} = ${r.user_id} and ${table.id} = ${r.id} offset 0
  ) c on true
  where ${c.id} is null
    or (${listSql(stored.filter(isValue))})
      is distinct from (${listSql(stated.filter(isValue))})`;
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

/** A list of a user's children, as it is to be. `isNew`: the user has no rows yet. */
export interface ChildList {
  readonly userId: string;
  readonly key: ListKey;
  readonly children: readonly ClerkChild[];
  readonly isNew: boolean;
}

/**
 * Makes the child tables say what the lists say. Absent rows are removed, changed ones are written, unchanged ones stay
 * alone. The caller holds the lock on each user's row, taken by an earlier statement. In READ COMMITTED only a statement
 * that begins after that sees the children that another process has just committed.
 */
export async function writeChildren(
  session: Session,
  lists: readonly ChildList[],
  absent?: readonly AbsentChild[],
): Promise<void> {
  const { fresh = [], known = [] } = Object.groupBy(lists, ({ isNew }) => (isNew ? 'fresh' : 'known'));
  writeLists(session, { lists: fresh, action: 'insert' });
  writeLists(session, { lists: known, action: 'upsert' });
  removeChildren(session, absent ?? (await findAbsentChildren(session, known)));
}

/** The lists that a snapshot states. */
export function listStated({ userId, lists }: Pick<UserSnapshot, 'userId' | 'lists'>, isNew: boolean): ChildList[] {
  const stated = Object.entries(lists) as [ListKey, ChildList['children']][];
  return stated.map(([key, children]) => ({ userId, key, children, isNew }));
}

function removeChildren(session: Session, children: readonly AbsentChild[]): void {
  for (const [key, rows] of Map.groupBy(children, (child) => child.key)) {
    session.post(childStatements[key].remove, [JSON.stringify(rows)]);
  }
}

/** A child that is stored, and not on its list. */
export interface AbsentChild {
  readonly key: ListKey;
  readonly user_id: string;
  readonly id: string;
}

/** Finds the children that are stored and no longer on the lists. */
export async function findAbsentChildren(
  session: Session,
  lists: readonly Omit<ChildList, 'isNew'>[],
): Promise<AbsentChild[]> {
  if (lists.length === 0) return [];
  const byUser = Map.groupBy(lists, ({ userId }) => userId);
  const staying = [...byUser].map(([userId, ofUser]) => ({
    user_id: userId,
    ...Object.fromEntries(ofUser.map(({ key, children }) => [key, children.map(({ id }) => id)])),
  }));
  return session.run<AbsentChild>(FIND_ABSENT_CHILDREN, [JSON.stringify(staying)]);
}

function writeLists(
  session: Session,
  { lists, action }: { lists: readonly ChildList[]; action: 'insert' | 'upsert' },
): void {
  for (const [key, ofKey] of Map.groupBy(lists, (one) => one.key)) {
    const rows = toChildRows(ofKey);
    if (rows.length > 0) session.post(childStatements[key][action], [JSON.stringify(rows)]);
  }
}

/** The rows that lists make. Two shapes of one account can stand in one list: the later one stays. */
export function toChildRows(lists: readonly Pick<ChildList, 'userId' | 'children'>[]): Record<string, unknown>[] {
  return lists.flatMap(({ userId, children }) => {
    const unique = children.length < 2 ? children : new Map(children.map((child) => [child.id, child])).values();
    return Array.from(unique, (child) => ({ ...child, user_id: userId }));
  });
}

/** Removes every child of the users. */
export async function removeAllChildren(session: Session, userIds: readonly string[]): Promise<void> {
  await writeChildren(
    session,
    userIds.flatMap((userId) => listKeys.map((key) => ({ userId, key, children: [], isNew: false }))),
  );
}
