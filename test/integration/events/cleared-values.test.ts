import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import type { BatchEntry } from '../../../src/sync/batch-entry.ts';
import { findDrift } from '../../../src/sync/drift/find-drift.ts';
import { settleBatch } from '../../../src/sync/settle-batch.ts';
import type { UserSnapshot } from '../../../src/sync/snapshots/snapshot.ts';
import { makeObservedEntry } from '../../support/api-entry.ts';
import { useTestDatabase } from '../../support/database.ts';
import { EPOCH_MS, makeUserEntry } from '../../support/user-event.ts';

const HOUR_MS = 3_600_000;

/** What Clerk leaves out where it is null or false; and `scim`, which the Backend API never has. */
const STATED = {
  create_organizations_limit: 5,
  deprovisioned: true,
  bypass_client_trust: true,
  locale: 'de-DE',
  password_last_updated_at: EPOCH_MS,
  scim: { directory_id: 'dir_1' },
};
const STORED = { ...STATED, create_organizations_limit: '5', password_last_updated_at: new Date(EPOCH_MS) };
const CLEARED = {
  ...{ create_organizations_limit: null, deprovisioned: false, bypass_client_trust: false },
  ...{ locale: null, password_last_updated_at: null, scim: STATED.scim },
};
const CLEARED_KEYS = [
  ...['bypass_client_trust', 'create_organizations_limit', 'deprovisioned', 'locale', 'password_last_updated_at'],
];

async function useWritePath() {
  const { sql, target } = await useTestDatabase();
  const pool = createPool({ target, size: 2 });
  onTestFinished(() => pool.close());
  const settle = async (...entries: BatchEntry[]) =>
    (await settleBatch({ pool, deletedUsers: 'erase' }, entries)).map(({ outcome }) => outcome);
  const drift = async ({ change }: BatchEntry) =>
    (await pool.withTransaction((session) => findDrift(session, [change as UserSnapshot]))).map(({ kind, fields }) => ({
      kind,
      fields: fields.toSorted(),
    }));
  const read = async () => {
    const [row] = await sql`select create_organizations_limit, deprovisioned, bypass_client_trust, locale,
      password_last_updated_at, scim from clerk.users`;
    return { ...row };
  };
  return { sql, settle, drift, read };
}

const event = (messageId: string, at: number, data: object) =>
  makeUserEntry({ messageId, userId: 'user_1', at, data: { ...data } });
const answer = (at: number, data: object = {}) =>
  makeObservedEntry({ id: 'user_1', updated_at: EPOCH_MS + at, created_at: EPOCH_MS, ...data }, { at: at + HOUR_MS });

test('what an answer of the Backend API leaves out is null or false, and an event that leaves it out says nothing', async () => {
  const { settle, drift, read } = await useWritePath();
  await settle(event('msg_1', 1, STATED), event('msg_2', 2, {}));
  const before = await read();
  const found = await drift(answer(2));
  expect(await settle(answer(2))).toEqual(['applied']);
  expect({ before, found, after: await read(), left: await drift(answer(2)) }).toEqual({
    before: STORED,
    found: [{ kind: 'different', fields: CLEARED_KEYS }],
    after: CLEARED,
    left: [],
  });
});

test('an older event that comes late does not bring back what was cleared, and a newer one does', async () => {
  const { sql, settle, read } = await useWritePath();
  await settle(event('msg_1', 1, { scim: STATED.scim }));
  await settle(answer(10));
  expect(await settle(event('msg_2', 20, {}), event('msg_3', 9, STATED))).toEqual(['applied', 'stale']);
  expect(await read()).toEqual(CLEARED);
  const [{ older_keys: olderKeys } = { older_keys: null }] = await sql`select older_keys from clerk.users`;
  const [cleared, scim] = [10, 9].map((at) => new Date(EPOCH_MS + at).toISOString());
  const observed = new Date(EPOCH_MS + 10 + HOUR_MS).toISOString();
  expect(olderKeys).toEqual({
    ...Object.fromEntries(CLEARED_KEYS.map((key) => [key, [cleared, observed, 'backfill_1']])),
    scim: [scim, scim, 'msg_3'],
  });
  expect(await settle(event('msg_4', 15, STATED))).toEqual(['stale']);
  expect(await read()).toEqual(STORED);
});

test('a user of whom nobody has ever stated them is no drift', async () => {
  const { settle, drift } = await useWritePath();
  await settle(event('msg_1', 1, {}));
  expect(await drift(answer(1))).toEqual([]);
});

test('an answer states what it has, null and false included', async () => {
  const { settle, read } = await useWritePath();
  await settle(answer(1, { ...STATED, scim: undefined }));
  expect(await read()).toEqual({ ...STORED, scim: null });
  await settle(answer(2, { ...CLEARED, scim: undefined }));
  expect(await read()).toEqual({ ...CLEARED, scim: null });
});

test('children without a key are kept in extra, found as drift, and end with a list that is stated without them', async () => {
  const { sql, settle, drift } = await useWritePath();
  const laptop = { id: 'idn_1', name: 'laptop' };
  const keyless = { object: 'passkey', name: 'phone', last_used_at: 'soon' };
  const readUser = async () => {
    const [user] =
      await sql`select banned, extra, (select array_agg(id) from clerk.passkeys) as passkeys from clerk.users`;
    return { ...user };
  };
  const first = event('msg_1', 1, { banned: true, shoe_size: 38, passkeys: [keyless, laptop] });
  expect(await settle(first)).toEqual(['applied']);
  const kept = { banned: true, extra: { shoe_size: 38, passkeys: [keyless] }, passkeys: ['idn_1'] };
  expect(await readUser()).toEqual(kept);
  await settle(event('msg_2', 2, { banned: true, shoe_size: 38 }));
  expect(await readUser()).toEqual(kept);

  const other = { banned: true, shoe_size: 38, passkeys: [{ name: 'watch' }, laptop] };
  const without = { banned: true, shoe_size: 38, passkeys: [laptop] };
  expect([await drift(answer(2, { ...other, passkeys: [keyless, laptop] })), await drift(answer(2, other))]).toEqual([
    [],
    [{ kind: 'different', fields: ['extra.passkeys'] }],
  ]);
  expect(await drift(answer(2, without))).toEqual([{ kind: 'different', fields: ['extra.passkeys'] }]);
  expect(await settle(answer(2, without))).toEqual(['applied']);
  expect({ user: await readUser(), left: await drift(answer(2, without)) }).toEqual({
    user: { banned: true, extra: { shoe_size: 38 }, passkeys: ['idn_1'] },
    left: [],
  });
});
