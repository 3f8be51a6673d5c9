import { type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { users } from '../../../drizzle/schema/users.ts';
import type { Session } from '../../db/pool.ts';
import { assign, listSql, nameOf, namesOf, recordset } from '../../db/sql/columns.ts';
import { defineStatement, type Statement } from '../../db/sql/define-statement.ts';
import { compareIds, statedColumns, type UserTombstone } from '../snapshots/snapshot.ts';
import { eraseLettersOfUsers, lockLettersOfUsers } from './erase-letters.ts';
import { removeAllChildren } from './write-children.ts';

const u = alias(users, 'u');
const r = alias(users, 'r');
const excluded = alias(users, 'excluded');

/** What a tombstone says. */
const pickColumns = (row: typeof u | typeof r) => [
  row.id,
  row.instance_id,
  row.observed_at,
  row.last_message_id,
  row.synced_at,
  row.deleted_at,
  row.stated_keys,
];

/** `created_at` and `updated_at` too: what a tombstone says must not depend on what arrived before the deletion. */
const erased = [
  ...statedColumns.filter((name) => name !== u.instance_id.name).map((name) => u[name]),
  u.updated_at,
  u.older_keys,
];

const upsert = (erasing: SQL) => sql`
  insert into ${users} as u (${namesOf(pickColumns(u))})
  select ${listSql(pickColumns(r))}
  from ${recordset(pickColumns(r))}
  on conflict (${nameOf(u.id)}) do update set
    ${assign(
      pickColumns(u).filter(({ name }) => name !== u.id.name),
      excluded,
    )}${erasing}
  where ${u.deleted_at} is null
    or (${excluded.observed_at}, ${excluded.last_message_id} collate "C")
      < (${u.observed_at}, ${u.last_message_id} collate "C")
  returning ${u.id}`;

/** What becomes of a deleted user's personal columns: `erase` keeps the id and the deletion's times only. */
export type DeletedUsers = 'erase' | 'retain';

/** By what is kept of a deleted user: the id and the times of the deletion, or all columns. */
const UPSERTS: Readonly<Record<DeletedUsers, Statement>> = {
  erase: defineStatement(
    'erase users',
    upsert(sql`,
    ${listSql(erased.map((column) => sql`${nameOf(column)} = null`))}, ${nameOf(u.extra)} = '{}'`),
  ),
  retain: defineStatement('retain users', upsert(sql``)),
};

const ERASE_TOMBSTONES = defineStatement(
  'erase tombstones',
  sql`
  update ${users} as u set
    ${listSql(erased.map((column) => sql`${nameOf(column)} = null`))}, ${nameOf(u.extra)} = '{}'
  where ${u.id} = any(array(select json_array_elements_text($1::text::json))) and ${u.deleted_at} is not null`,
);

/** Erases what tombstones have kept because deleted users were retained. */
export function eraseTombstones(session: Session, userIds: readonly string[]): void {
  session.post(ERASE_TOMBSTONES, [JSON.stringify(userIds)]);
}

interface Entry {
  readonly change: UserTombstone;
}

/**
 * Makes tombstones of users, whatever the time of the deletion, and even if they were never seen. Their children are
 * removed, and with `erase` the content of their dead letters. Of several deletions of one user the earliest stays.
 *
 * @returns the entries that are stale.
 */
export async function deleteUsers<E extends Entry>(
  session: Session,
  entries: readonly E[],
  { deletedUsers, now }: { deletedUsers: DeletedUsers; now: Date },
): Promise<E[]> {
  const earliest = new Map<string, E>();
  for (const entry of entries.toSorted(compareDeletions)) {
    if (!earliest.has(entry.change.userId)) earliest.set(entry.change.userId, entry);
  }
  const rows = [...earliest.values()].map(({ change }) => toRow(change, now));
  rows.sort((a, b) => compareIds(a.id, b.id));
  const erases = deletedUsers === 'erase';
  if (erases) {
    lockLettersOfUsers(
      session,
      rows.map(({ id }) => id),
    );
  }
  const written = await session.run<{ id: string }>(UPSERTS[deletedUsers], [JSON.stringify(rows)]);
  const ids = new Set(written.map(({ id }) => id));
  if (erases && ids.size > 0) eraseLettersOfUsers(session, [...ids]);
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

const LOCK_USERS = defineStatement(
  'lock users',
  sql`
  select ${u.id} from ${users} as u
  where ${u.id} = any(array(select json_array_elements_text($1::text::json)))
  order by ${u.id} collate "C"
  for no key update`,
);

/**
 * Locks the rows of users that are there already, in the order of their ids. Statements that each lock some of a batch's
 * users would together lock them out of order, and two such batches would wait for each other in a ring. One case is left:
 * two batches each make a row which the other deletes before it was ever seen. Postgres breaks that ring, and the pool
 * tries again. The lock is `for no key update`, as an update takes it. So it does not wait for an application's open
 * transaction that has inserted a row which refers to a user.
 */
export async function lockUsers(session: Session, userIds: readonly string[]): Promise<void> {
  await session.run(LOCK_USERS, [JSON.stringify(userIds)]);
}
