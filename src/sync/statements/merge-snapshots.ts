import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { users } from '../../../drizzle/schema/users.ts';
import { listKeys } from '../../clerk/user/children.ts';
import type { Session } from '../../db/pool.ts';
import { assign, listColumns, nameOf, recordset } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';
import { epochMs, readTime } from '../../db/sql/wire-time.ts';
import { type Merge, planMerge, type StoredVersions } from '../snapshots/plan-merge.ts';
import {
  collectKeyBits,
  findKeyBit,
  statedColumns,
  toUserRow,
  type UserSnapshot,
  type Version,
} from '../snapshots/snapshot.ts';

const u = alias(users, 'u');
const r = alias(users, 'r');

/** Reads what merging has to know. Locked: nothing is decided on a row that another transaction can still change. */
const LOCK_MERGED_USERS = defineStatement(
  'lock users to merge',
  sql`
  select ${u.id}, ${u.last_message_id}, ${u.stated_keys}, ${u.older_keys},
    ${epochMs(u.updated_at)} as updated_at, ${epochMs(u.observed_at)} as observed_at,
    array_to_json(array(select jsonb_object_keys(${u.extra}))) as extra_keys
  from ${users} as u
  where ${u.id} = any(array(select json_array_elements_text($1::text::json))) and ${u.deleted_at} is null
  order by ${u.id} collate "C"
  for no key update`,
);

const mergeColumn = (name: (typeof statedColumns)[number]) => sql`
    ${nameOf(u[name])} = case when r.written_keys & ${sql.raw(String(findKeyBit(name)))} <> 0
      then ${r[name]} else ${u[name]} end`;

/** Writes, of each user, the keys that are to be written, and the version that the row then has. */
const MERGE_USERS = defineStatement(
  'merge users',
  sql`
  update ${users} as u set ${sql.join(statedColumns.map(mergeColumn), sql`,`)},
    ${nameOf(u.extra)} = (${u.extra} - r.written_lists) || ${r.extra},
    ${assign([u.updated_at, u.observed_at, u.last_message_id, u.synced_at, u.stated_keys, u.older_keys], r)}
  from ${recordset(listColumns(r), { written_keys: 'bigint', written_lists: 'text[]' })}
  where ${u.id} = ${r.id}`,
);

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
 * Writes what the guarded upsert refused although it says something new: a newer snapshot that leaves out what the row
 * holds, or an older one that states what no newer one has. All else stays as it is. There is at most one snapshot for
 * each user.
 */
export async function mergeSnapshots(
  session: Session,
  snapshots: readonly UserSnapshot[],
  syncedAt: Date,
): Promise<MergedUser[]> {
  const rows = await session.run<LockedRow>(LOCK_MERGED_USERS, [JSON.stringify(snapshots.map(({ userId }) => userId))]);
  const versions = new Map(rows.map((row) => [row.id, toStoredVersions(row)]));
  const merges = snapshots.flatMap((snapshot) => {
    const stored = versions.get(snapshot.userId);
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

function toStoredVersions(row: LockedRow): StoredVersions {
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
    ...toUserRow({ ...snapshot, version, statedKeys }, syncedAt),
    extra: Object.fromEntries(Object.entries(snapshot.extra).filter(([key]) => writtenKeys.has(key))),
    written_keys: String(collectKeyBits(writtenKeys)),
    // The children without a key stand in `extra`, under the name of their list. They are written with it, and end with it.
    written_lists: listKeys.filter((key) => writtenKeys.has(key)),
    older_keys: older.length === 0 ? null : Object.fromEntries(older),
  };
}
