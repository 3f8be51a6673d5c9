import { columns } from '../../drizzle/columns.ts';
import { type ClerkChild, type ListKey, listKeys } from '../clerk/children.ts';
import type { Session } from '../db/pool.ts';
import { list, recordset } from './statements.ts';

/** A user's list as it shall be. `isNew`: the user has no rows yet. */
export interface ChildList {
  readonly userId: string;
  readonly key: ListKey;
  readonly children: readonly ClerkChild[];
  readonly isNew: boolean;
}

/** One row a user; each list has the ids that shall stay, and is null where the user's list is not written. */
const idsByList = { user_id: 'text', ...Object.fromEntries(listKeys.map((key) => [key, 'text[]'])) };

/**
 * Finds the children that are stored and no longer there. One statement for all tables, since nearly every update finds
 * none: in place of seven deletions of nothing it made 1,318 events a second of 1,189 (docs/performance.md).
 *
 * Here and below, `lateral (… offset 0)` keeps the planner from turning a look-up by key into a join: a plan that was made
 * while the tables were small, and is kept with the prepared statement, would read all of them for each batch. With
 * 15,000 users a batch of 100 updates took 55 ms so, and takes 25 ms now.
 */
const FIND_ABSENT = `
  with r as materialized (select * from ${recordset('r', idsByList)})
  ${listKeys
    .map(
      (key) => `
  select '${key}' as key, c.user_id, c.id
  from r cross join lateral (select user_id, id from clerk.${key} where user_id = r.user_id offset 0) c
  where c.id <> all(r.${key})`,
    )
    .join(' union all ')}`;

interface ChildStatements {
  readonly remove: string;
  /** For users whose row was made a moment ago: nobody else can have given them children. */
  readonly insert: string;
  readonly upsert: string;
}

function buildStatements(key: ListKey): ChildStatements {
  const names = Object.keys(columns[key]);
  const values = names.filter((name) => name !== 'user_id' && name !== 'id');
  return {
    remove: `
      delete from clerk.${key} c using ${recordset('r', { user_id: 'text', id: 'text' })}
      where c.user_id = r.user_id and c.id = r.id`,
    insert: `
      insert into clerk.${key} (${list(names)}) select ${list(names, 'r')} from ${recordset('r', columns[key])}`,
    // The look-up leaves unchanged rows out before the insert: `on conflict … where` would lock each, which writes it.
    upsert: `
      insert into clerk.${key} (${list(names)})
      select ${list(names, 'r')} from ${recordset('r', columns[key])}
      left join lateral (
        select * from clerk.${key} where user_id = r.user_id and id = r.id offset 0
      ) c on true
      where c.id is null or (${list(values, 'c')}) is distinct from (${list(values, 'r')})
      on conflict (user_id, id) do update set ${values.map((name) => `${name} = excluded.${name}`).join(', ')}`,
  };
}

const STATEMENTS = Object.fromEntries(listKeys.map((key) => [key, buildStatements(key)])) as Record<
  ListKey,
  ChildStatements
>;

/**
 * Makes the child tables say what the lists say: absent rows are removed, changed ones written, unchanged ones left
 * alone. The caller holds the lock on each user's row, taken by an earlier statement: in READ COMMITTED only a statement
 * that begins after it sees the children that another process has just committed.
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

/** Removes these children. */
function removeChildren(session: Session, children: readonly AbsentChild[]): void {
  for (const [key, rows] of Map.groupBy(children, (child) => child.key)) {
    session.post(STATEMENTS[key].remove, [JSON.stringify(rows)]);
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
  return session.run<AbsentChild>(FIND_ABSENT, [JSON.stringify(staying)]);
}

function writeLists(
  session: Session,
  { lists, action }: { lists: readonly ChildList[]; action: 'insert' | 'upsert' },
): void {
  for (const [key, ofKey] of Map.groupBy(lists, (one) => one.key)) {
    const rows = ofKey.flatMap(({ userId, children }) =>
      uniqueById(children).map((child) => ({ ...child, user_id: userId })),
    );
    if (rows.length > 0) session.post(STATEMENTS[key][action], [JSON.stringify(rows)]);
  }
}

/** Two shapes of one account can stand in one list; the later one is the one that stays. */
export function uniqueById(children: readonly ClerkChild[]): readonly ClerkChild[] {
  return children.length < 2 ? children : [...new Map(children.map((child) => [child.id, child])).values()];
}

/** Removes every child of the users. */
export async function removeAllChildren(session: Session, userIds: readonly string[]): Promise<void> {
  await writeChildren(
    session,
    userIds.flatMap((userId) => listKeys.map((key) => ({ userId, key, children: [], isNew: false }))),
  );
}
