import { columns } from '../../drizzle/columns.ts';
import type { ClerkChild, ListKey } from '../clerk/children.ts';
import { listKeys } from '../clerk/children.ts';
import type { Session } from '../db/pool.ts';
import { list, recordset } from './statements.ts';

/** A user's list as it shall be. `isNew`: the user has no rows yet. */
export interface ChildList {
  readonly userId: string;
  readonly key: ListKey;
  readonly children: readonly ClerkChild[];
  readonly isNew: boolean;
}

interface ChildStatements {
  readonly removeAbsent: string;
  readonly upsert: string;
}

function buildStatements(key: ListKey): ChildStatements {
  const names = Object.keys(columns[key]);
  const values = names.filter((name) => name !== 'user_id' && name !== 'id');
  const table = `clerk.${key}`;
  return {
    removeAbsent: `
      delete from ${table} c using ${recordset('r', { user_id: 'text', ids: 'text[]' })}
      where c.user_id = r.user_id and c.id <> all(r.ids)`,
    // The join leaves unchanged rows out before the insert: `on conflict … where` would lock each, which writes it.
    upsert: `
      insert into ${table} (${list(names)})
      select ${list(names, 'r')} from ${recordset('r', columns[key])}
      left join ${table} c on c.user_id = r.user_id and c.id = r.id
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
export async function writeChildren(session: Session, lists: readonly ChildList[]): Promise<void> {
  const byKey = Map.groupBy(lists, ({ key }) => key);
  await Promise.all([...byKey].flatMap(([key, keyLists]) => writeTable(session, key, keyLists)));
}

function writeTable(session: Session, key: ListKey, lists: readonly ChildList[]): Promise<unknown>[] {
  const { removeAbsent, upsert } = STATEMENTS[key];
  const removals = lists
    .filter(({ isNew }) => !isNew)
    .map(({ userId, children }) => ({ user_id: userId, ids: children.map(({ id }) => id) }));
  const rows = lists.flatMap(({ userId, children }) =>
    uniqueById(children).map((child) => ({ ...child, user_id: userId })),
  );
  return [
    ...(removals.length > 0 ? [session.run(removeAbsent, [JSON.stringify(removals)])] : []),
    ...(rows.length > 0 ? [session.run(upsert, [JSON.stringify(rows)])] : []),
  ];
}

/** Two shapes of one account can stand in one list; the later one is the one that stays. */
function uniqueById(children: readonly ClerkChild[]): readonly ClerkChild[] {
  return children.length < 2 ? children : [...new Map(children.map((child) => [child.id, child])).values()];
}

/** Removes every child of the users. */
export async function removeChildren(session: Session, userIds: readonly string[]): Promise<void> {
  await writeChildren(
    session,
    userIds.flatMap((userId) => listKeys.map((key) => ({ userId, key, children: [], isNew: false }))),
  );
}
