import { listKeys } from '../../clerk/user/children.ts';
import type { Session } from '../../db/pool.ts';
import { readTime } from '../../db/sql/wire-time.ts';
import { LOCK_MERGED_USERS, MERGE_USERS } from '../statements/user-statements.ts';
import { type Merge, planMerge, type StoredUser } from './plan-merge.ts';
import type { UserSnapshot } from './snapshot.ts';
import { toRow } from './upsert-snapshots.ts';
import { collectKeyBits } from './user-keys.ts';
import type { Version } from './version.ts';

interface LockedRow {
  readonly id: string;
  readonly updated_at: string;
  readonly observed_at: string;
  readonly last_message_id: string;
  readonly stated_keys: string;
  readonly older_keys: Record<string, [updatedAt: string, observedAt: string, messageId: string]> | null;
  readonly extra_keys: string[];
}

/** A user, and what of a snapshot was written over what was stored. */
export interface MergedUser extends Pick<Merge, 'newer' | 'writtenKeys'> {
  readonly id: string;
}

/**
 * Writes what the guarded upsert refused and yet has something to say: a newer snapshot that leaves out what the row
 * holds, or an older one that states what no newer one has. Everything else is left as it is. At most one snapshot a
 * user.
 */
export async function mergeSnapshots(
  session: Session,
  snapshots: readonly UserSnapshot[],
  syncedAt: Date,
): Promise<MergedUser[]> {
  const rows = await session.run<LockedRow>(LOCK_MERGED_USERS, [JSON.stringify(snapshots.map(({ userId }) => userId))]);
  const storedUsers = new Map(rows.map((row) => [row.id, toStoredUser(row)]));
  const merges = snapshots.flatMap((snapshot) => {
    const stored = storedUsers.get(snapshot.userId);
    if (stored === undefined) return [];
    const merge = planMerge(stored, snapshot);
    return merge.newer || merge.writtenKeys.size > 0 ? [{ snapshot, merge }] : [];
  });
  if (merges.length > 0) {
    const updates = merges.map(({ snapshot, merge }) => toUpdate(snapshot, merge, syncedAt));
    session.post(MERGE_USERS, [JSON.stringify(updates)]);
  }
  return merges.map(({ snapshot, merge: { newer, writtenKeys } }) => ({ id: snapshot.userId, newer, writtenKeys }));
}

function toStoredUser(row: LockedRow): StoredUser {
  const olderKeys = Object.entries(row.older_keys ?? {}).map(([key, [updatedAt, observedAt, messageId]]) => {
    const version: Version = { updatedAt: new Date(updatedAt), observedAt: new Date(observedAt), messageId };
    return [key, version] as const;
  });
  return {
    version: {
      updatedAt: readTime(row.updated_at),
      observedAt: readTime(row.observed_at),
      messageId: row.last_message_id,
    },
    statedKeys: BigInt(row.stated_keys),
    olderKeys: new Map(olderKeys),
    extraKeys: row.extra_keys,
  };
}

function toUpdate(snapshot: UserSnapshot, { writtenKeys, stored }: Merge, syncedAt: Date): Record<string, unknown> {
  const { version, statedKeys, olderKeys } = stored;
  const older = [...olderKeys].map(([key, { updatedAt, observedAt, messageId }]) => [
    key,
    [updatedAt, observedAt, messageId],
  ]);
  return {
    ...toRow({ ...snapshot, version, statedKeys }, syncedAt),
    extra: Object.fromEntries(Object.entries(snapshot.extra).filter(([key]) => writtenKeys.has(key))),
    written_keys: String(collectKeyBits(writtenKeys)),
    // The children without a key stand in `extra`, under the name of their list: they are written with it, and end with it.
    written_lists: listKeys.filter((key) => writtenKeys.has(key)),
    older_keys: older.length === 0 ? null : Object.fromEntries(older),
  };
}
