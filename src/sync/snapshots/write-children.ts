import { type ClerkChild, type ListKey, listKeys } from '../../clerk/user/children.ts';
import type { Session } from '../../db/pool.ts';
import { childStatements, FIND_ABSENT_CHILDREN } from '../statements/child-statements.ts';

/** A user's list as it shall be. `isNew`: the user has no rows yet. */
export interface ChildList {
  readonly userId: string;
  readonly key: ListKey;
  readonly children: readonly ClerkChild[];
  readonly isNew: boolean;
}

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
    const rows = ofKey.flatMap(({ userId, children }) =>
      uniqueById(children).map((child) => ({ ...child, user_id: userId })),
    );
    if (rows.length > 0) session.post(childStatements[key][action], [JSON.stringify(rows)]);
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
