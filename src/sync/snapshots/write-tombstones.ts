import type { Session } from '../../db/pool.ts';
import type { Statement } from '../../db/sql/define-statement.ts';
import { ERASE_USERS, RETAIN_USERS } from '../statements/tombstone-statements.ts';
import type { UserTombstone } from './snapshot.ts';
import { compareIds } from './version.ts';
import { removeAllChildren } from './write-children.ts';

/** What becomes of a deleted user's personal columns: `erase` keeps the id and the deletion's times only. */
export type DeletedUsers = 'erase' | 'retain';

const STATEMENTS: Readonly<Record<DeletedUsers, Statement>> = { erase: ERASE_USERS, retain: RETAIN_USERS };

interface Entry {
  readonly change: UserTombstone;
}

/**
 * Turns users into tombstones, whatever the time of the deletion and also where they were never seen, and removes their
 * children. Of several deletions of one user the earliest stays.
 *
 * @returns the entries that are stale.
 */
export async function deleteUsers<E extends Entry>(
  session: Session,
  entries: readonly E[],
  { deletedUsers, now }: { deletedUsers: DeletedUsers; now: Date },
): Promise<E[]> {
  if (entries.length === 0) return [];
  const earliest = new Map<string, E>();
  for (const entry of entries.toSorted(compareDeletions)) {
    if (!earliest.has(entry.change.userId)) earliest.set(entry.change.userId, entry);
  }
  const rows = [...earliest.values()].map(({ change }) => toRow(change, now));
  rows.sort((a, b) => compareIds(a.id, b.id));
  const written = await session.run<{ id: string }>(STATEMENTS[deletedUsers], [JSON.stringify(rows)]);
  const ids = new Set(written.map(({ id }) => id));
  await removeAllChildren(session, [...ids]);
  return entries.filter((entry) => earliest.get(entry.change.userId) !== entry || !ids.has(entry.change.userId));
}

function compareDeletions({ change: a }: Entry, { change: b }: Entry): number {
  return a.deletedAt.getTime() - b.deletedAt.getTime() || compareIds(a.messageId, b.messageId);
}

function toRow({ userId, instanceId, deletedAt, messageId }: UserTombstone, now: Date) {
  return {
    id: userId,
    instance_id: instanceId,
    observed_at: deletedAt,
    last_message_id: messageId,
    synced_at: now,
    deleted_at: deletedAt,
    stated_keys: '0',
  };
}
