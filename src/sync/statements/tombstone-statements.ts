import { type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { users } from '../../../drizzle/schema/users.ts';
import { assign, list, nameOf, namesOf, recordset } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';
import { statedColumns } from '../snapshots/user-keys.ts';

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
  select ${list(pickColumns(r))}
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

/** Makes tombstones that keep nothing of the users but their id and the times of the deletion. */
export const ERASE_USERS = defineStatement(
  'erase users',
  upsert(sql`,
    ${list(erased.map((column) => sql`${nameOf(column)} = null`))}, ${nameOf(u.extra)} = '{}'`),
);

/** Makes tombstones that keep what the users' columns say. */
export const RETAIN_USERS = defineStatement('retain users', upsert(sql``));
