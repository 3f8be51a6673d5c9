import { type ListKey, listKeys } from '../../clerk/user/children.ts';
import type { Session } from '../../db/pool.ts';
import type { UserSnapshot } from '../snapshots/snapshot.ts';
import {
  type ChildList,
  childStatements,
  findAbsentChildren,
  listStated,
  toChildRows,
} from '../statements/write-children.ts';

/**
 * Compares the lists that snapshots state with the child tables: rows that are missing here, additional ones, and those
 * that differ.
 *
 * @returns by user, the names of the tables that differ, in the order of the lists.
 */
export async function compareChildren(
  session: Session,
  snapshots: readonly UserSnapshot[],
): Promise<ReadonlyMap<string, readonly ListKey[]>> {
  const lists = snapshots.flatMap((snapshot) => listStated(snapshot, false));
  const byKey = Map.groupBy(lists, ({ key }) => key);
  const [absent, ...altered] = await Promise.all([
    findAbsentChildren(session, lists),
    ...[...byKey].map(([key, ofKey]) => findAltered(session, key, ofKey)),
  ]);
  const differing = [...absent.map(({ key, user_id: userId }) => ({ key, userId })), ...altered.flat()];
  return new Map(
    [...Map.groupBy(differing, ({ userId }) => userId)].map(([userId, ofUser]) => {
      const keys = new Set(ofUser.map(({ key }) => key));
      return [userId, listKeys.filter((key) => keys.has(key))];
    }),
  );
}

async function findAltered(session: Session, key: ListKey, lists: readonly ChildList[]) {
  const rows = toChildRows(lists);
  if (rows.length === 0) return [];
  const users = await session.run<{ user_id: string }>(childStatements[key].findAltered, [JSON.stringify(rows)]);
  return users.map(({ user_id: userId }) => ({ key, userId }));
}
