import { getTableColumns } from 'drizzle-orm';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { childTables as tables } from '../../../drizzle/schema/child-tables.ts';
import { users } from '../../../drizzle/schema/users.ts';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { makeDeliveryEntry } from '../../../src/sync/batch-entry.ts';
import { findDrift } from '../../../src/sync/drift/find-drift.ts';
import { settleBatch } from '../../../src/sync/settle-batch.ts';
import type { UserSnapshot } from '../../../src/sync/snapshots/snapshot.ts';
import { statedColumns } from '../../../src/sync/snapshots/snapshot.ts';
import { useTestDatabase } from '../../support/database.ts';
import { EPOCH_MS, history, makeBody } from '../../support/history.ts';
import { readUsers } from '../../support/read-users.ts';
import {
  childTables,
  HOUR_MS,
  makeEntryOf,
  makeSnapshot,
  makeWholeUser,
  UPDATED_MS,
} from '../../support/whole-user.ts';

const SEED = Number(process.env.FIND_DRIFT_SEED ?? Date.now() % 2 ** 31);

/** A database with the users as a webhook has told of them, and what `findDrift` says of what Clerk says later. */
async function useStored(...users: (Record<string, unknown> | string)[]) {
  const { sql, url } = await useTestDatabase();
  const pool = createPool({ target: parseDatabaseUrl(url), size: 1 });
  onTestFinished(() => pool.close());
  const settle = (entries: Parameters<typeof settleBatch>[1]) => settleBatch({ pool, deletedUsers: 'erase' }, entries);
  const observed = { observedMs: UPDATED_MS, messageId: 'msg_1' };
  await settle(users.map((user, place) => makeEntryOf(user, { ...observed, messageId: `msg_${place}` })));
  const find = (...snapshots: UserSnapshot[]) => pool.withTransaction((session) => findDrift(session, snapshots));
  return { sql, pool, settle, find };
}

const ACTIVITY = ['lockout_expires_in_seconds', 'verification_attempts_remaining', 'last_sign_in_at', 'last_active_at'];

const DAMAGE: Readonly<Record<string, (name: string) => string>> = {
  text: (name) => `${name} || 'x'`,
  boolean: (name) => `not ${name}`,
  bigint: (name) => `${name} + 1`,
  jsonb: () => `'{"damaged": true}'`,
  'timestamp with time zone': (name) => `${name} + interval '1 millisecond'`,
};

test('finds nothing where all is equal', async () => {
  const { find } = await useStored(makeWholeUser());
  expect(await find(makeSnapshot(makeWholeUser()))).toEqual([]);
  expect(await find()).toEqual([]);
});

test.each(['another value', 'null'])('names each column of a user that has %s', async (how) => {
  const { sql, find } = await useStored(makeWholeUser());
  const snapshot = makeSnapshot(makeWholeUser());
  await sql`create table public.saved as select * from clerk.users`;
  for (const name of statedColumns) {
    const damage = how === 'null' ? 'null' : DAMAGE[users[name].getSQLType()]?.(name);
    await sql.unsafe(`update clerk.users set ${name} = ${damage}`);
    const kind = ACTIVITY.includes(name) ? 'activity' : 'different';
    expect(await find(snapshot)).toEqual([{ userId: 'user_whole', kind, fields: [name] }]);
    await sql.unsafe(`update clerk.users u set ${name} = s.${name} from public.saved s`);
  }
  expect(await find(snapshot)).toEqual([]);
});

describe.each(childTables)('of %s', (table) => {
  const drift = [{ userId: 'user_whole', kind: 'different', fields: [table] }];

  test('names the table for any column of a row that differs', async () => {
    const { sql, find } = await useStored(makeWholeUser());
    const snapshot = makeSnapshot(makeWholeUser());
    await sql.unsafe(`create table public.saved as select * from clerk.${table}`);
    const columns = Object.values(getTableColumns(tables[table]));
    for (const column of columns.filter(({ name }) => name !== 'user_id' && name !== 'id')) {
      const { name } = column;
      await sql.unsafe(
        `update clerk.${table} set ${name} = ${DAMAGE[column.getSQLType()]?.(name)} where id = 'idn_${table}_2'`,
      );
      expect(await find(snapshot)).toEqual(drift);
      await sql.unsafe(`update clerk.${table} c set ${name} = s.${name} from public.saved s where s.id = c.id`);
    }
    expect(await find(snapshot)).toEqual([]);
  });

  test('names the table for a row that is missing, and for one too many', async () => {
    const { sql, find } = await useStored(makeWholeUser());
    const snapshot = makeSnapshot(makeWholeUser());
    await sql.unsafe(`insert into clerk.${table} (user_id, id) values ('user_whole', 'idn_more')`);
    expect(await find(snapshot)).toEqual(drift);
    await sql.unsafe(`delete from clerk.${table} where id in ('idn_more', 'idn_${table}_1')`);
    expect(await find(snapshot)).toEqual(drift);
    await sql.unsafe(`delete from clerk.${table}`);
    expect(await find(snapshot)).toEqual(drift);
    expect(await find(makeSnapshot(makeWholeUser({ [table]: [] })))).toEqual([]);
    expect(await find(makeSnapshot(makeWholeUser({ [table]: null })))).toEqual([]);
  });
});

test('compares only what is stated: absent is not null', async () => {
  const { sql, find } = await useStored(makeWholeUser());
  await sql`update clerk.users set last_name = 'Other', scim = null, extra = '{"hats": 1}'`;
  for (const table of childTables) await sql.unsafe(`delete from clerk.${table}`);
  const user = { id: 'user_whole', updated_at: UPDATED_MS, first_name: 'some first_name' };
  expect(await find(makeSnapshot(user))).toEqual([]);
  expect(await find(makeSnapshot({ ...user, scim: null }))).toEqual([]);
  expect(await find(makeSnapshot({ ...user, last_name: null, passkeys: [] }))).toEqual([
    { userId: 'user_whole', kind: 'different', fields: ['last_name'] },
  ]);
});

test('compares extra key by key', async () => {
  const { sql, find } = await useStored(makeWholeUser());
  await sql`update clerk.users set extra = '{"shoe_size": 42, "hats": {"straw": null, "felt": 2}, "own": 1}'`;
  const drift = { userId: 'user_whole', kind: 'different' };
  expect(await find(makeSnapshot(makeWholeUser()))).toEqual([{ ...drift, fields: ['extra.shoe_size'] }]);
  await sql`update clerk.users set extra = '{"hats": {"felt": 2}}'`;
  expect(await find(makeSnapshot(makeWholeUser({ shoe_size: null })))).toEqual([
    { ...drift, fields: ['extra.hats', 'extra.shoe_size'] },
  ]);
});

test('compares numbers by their value and to their last digit, and objects without regard to order', async () => {
  const makeUser = (metadata: string, limit = '7') =>
    `{"id":"user_1","updated_at":${UPDATED_MS},"public_metadata":${metadata},"create_organizations_limit":${limit}}`;
  const { find } = await useStored(makeUser('{"a": 9007199254740993, "b": 1.50, "c": 100}', '9223372036854775807'));
  const findFor = (metadata: string, limit = '9223372036854775807') => find(makeSnapshot(makeUser(metadata, limit)));
  const drift = { userId: 'user_1', kind: 'different' };
  expect(await findFor('{"c": 1e2, "b": 1.5, "a": 9007199254740993.0}')).toEqual([]);
  expect(await findFor('{"a": 9007199254740992, "b": 1.50, "c": 100}')).toEqual([
    { ...drift, fields: ['public_metadata'] },
  ]);
  expect(await findFor('{"a": 9007199254740993, "b": 1.5, "c": 100}', '9223372036854775806')).toEqual([
    { ...drift, fields: ['create_organizations_limit'] },
  ]);
});

test('takes the later of two children with one id, as the write path does', async () => {
  const passkeys = [
    { id: 'idn_1', name: 'first', verification: null },
    { id: 'idn_1', name: 'second', verification: null },
  ];
  const user = { id: 'user_1', updated_at: UPDATED_MS, passkeys };
  const { find } = await useStored(user);
  expect(await find(makeSnapshot(user))).toEqual([]);
  expect(await find(makeSnapshot({ ...user, passkeys: passkeys.toReversed() }))).toEqual([
    { userId: 'user_1', kind: 'different', fields: ['passkeys'] },
  ]);
});

test('tells users who are missing, older, newer and deleted here, and of many at once only those who differ', async () => {
  const makeUser = (place: number, overrides = {}) =>
    makeWholeUser({ id: `user_${String(place).padStart(3, '0')}`, ...overrides });
  const users = Array.from({ length: 200 }, (_, place) => makeUser(place));
  const { sql, find } = await useStored(...users);
  await sql`delete from clerk.users where id = 'user_003'`;
  await sql`update clerk.users set updated_at = updated_at - interval '1 ms', first_name = 'old' where id = 'user_050'`;
  await sql`update clerk.users set updated_at = null where id = 'user_051'`;
  await sql`update clerk.users set updated_at = updated_at + interval '1 ms' where id = 'user_100'`;
  await sql`update clerk.users set deleted_at = observed_at, first_name = null where id = 'user_150'`;
  await sql`update clerk.users set last_active_at = null, last_sign_in_at = now() where id = 'user_198'`;
  await sql`update clerk.users set last_active_at = null, locale = 'xx' where id = 'user_199'`;
  expect(await find(...users.map((user) => makeSnapshot(user)))).toEqual([
    { userId: 'user_003', kind: 'missing', fields: [] },
    { userId: 'user_050', kind: 'older', fields: ['first_name'] },
    { userId: 'user_051', kind: 'older', fields: [] },
    { userId: 'user_100', kind: 'newer_here', fields: [] },
    { userId: 'user_150', kind: 'deleted_here', fields: [] },
    { userId: 'user_198', kind: 'activity', fields: ['last_sign_in_at', 'last_active_at'] },
    { userId: 'user_199', kind: 'different', fields: ['locale', 'last_active_at'] },
  ]);
});

const MINUTE_MS = 60_000;

test.each([
  { stored: 'at a higher version', updatedMs: 1, from: -5 * MINUTE_MS, to: 5 * MINUTE_MS, kind: 'newer_here' },
  { stored: 'as deleted', deleted: true, from: -5 * MINUTE_MS, to: 5 * MINUTE_MS, kind: 'deleted_here' },
  { stored: 'at an equal version', from: 0, to: 5 * MINUTE_MS, kind: 'different' },
])('takes what is stored $stored and was observed about when Clerk was asked for what came meanwhile', async (row) => {
  const { sql, find } = await useStored(makeWholeUser());
  const observedMs = UPDATED_MS + HOUR_MS;
  const findObserved = async (ms: number) => {
    const [at, updatedAt] = [new Date(observedMs + ms), new Date(UPDATED_MS + (row.updatedMs ?? 0))];
    const deletedAt = row.deleted === true ? at : null;
    await sql`update clerk.users set first_name = 'x', observed_at = ${at}, updated_at = ${updatedAt}, deleted_at = ${deletedAt}`;
    return (await find(makeSnapshot(makeWholeUser(), { observedMs }))).map(({ kind }) => kind);
  };
  expect(await findObserved(row.from)).toEqual([row.kind]);
  expect(await findObserved(row.from + 1)).toEqual([]);
  expect(await findObserved(row.to - 1)).toEqual([]);
  expect(await findObserved(row.to)).toEqual([row.kind]);
});

test('compares a user whom Clerk gives no version by his contents alone', async () => {
  const user = makeWholeUser({ updated_at: undefined });
  const { sql, find } = await useStored(user);
  expect(await find(makeSnapshot(user))).toEqual([]);
  await sql`update clerk.users set first_name = 'x'`;
  expect(await find(makeSnapshot(user))).toEqual([{ userId: 'user_whole', kind: 'different', fields: ['first_name'] }]);
});

/**
 * What drift is: that the write path would change something. Not covered: what was observed near the time of the request,
 * which is the test above, and numbers of users.
 */
test(`finds drift where the write path changes something, and none where it does not (300 histories, seed ${SEED})`, async () => {
  const { sql, settle, find } = await useStored();
  const read = async (prefix: string) => (await readUsers(sql, { prefix, rename: ['', ''] })).visible;
  const later = history.map((events) =>
    events.filter(({ kind, updatedAt }) => kind === 'upsert' && updatedAt !== undefined),
  );
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(history, later, async (events, [event]) => {
      fc.pre(event !== undefined);
      runs += 1;
      const run = `r${runs}`;
      const toEntry = (body: string, place: number) => {
        const at = new Date(EPOCH_MS);
        return makeDeliveryEntry({ messageId: `msg_${run}_${place}`, body, signedAt: at, receivedAt: at });
      };
      for (const [place, one] of events.entries()) await settle([toEntry(makeBody(one, run), place)]);
      const entry = toEntry(makeBody({ ...event, observedAt: HOUR_MS }, run), 100);
      const snapshot = entry.change as UserSnapshot;
      const [before, [drift]] = [await read(`user_${run}_`), await find(snapshot)];
      await settle([entry]);
      const [after, left] = [await read(`user_${run}_`), await find(snapshot)];
      const isOurs = drift?.kind !== 'newer_here' && drift?.kind !== 'deleted_here';
      expect(left.map(({ kind }) => kind)).toEqual(isOurs ? [] : [drift?.kind]);
      if (isOurs) expect(describeContents(after) !== describeContents(before)).toBe(drift !== undefined);
    }),
    { numRuns: 300, seed: SEED },
  );
}, 240_000);

/** Without what tells of the observation. */
function describeContents(users: Awaited<ReturnType<typeof readUsers>>['visible']): string {
  return JSON.stringify(
    [...users].map(([number, { user, ...children }]) => {
      const { observed_at: _observedAt, last_message_id: _lastMessageId, ...contents } = user;
      return [number, contents, children];
    }),
  );
}
