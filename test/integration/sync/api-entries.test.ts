import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { replayDeadLetter } from '../../../src/dead-letters/replay-dead-letter.ts';
import type { BatchEntry } from '../../../src/sync/batch-entry.ts';
import { makeApiTombstone } from '../../../src/sync/batch-entry.ts';
import { settleBatch } from '../../../src/sync/settle-batch.ts';
import { makeObservation, makeObservedEntry } from '../../support/api-entry.ts';
import { useTestDatabase } from '../../support/database.ts';
import { dumpTables } from '../../support/database-dump.ts';
import { tables } from '../../support/expected-rows.ts';
import { EPOCH_MS, makeUserEntry } from '../../support/user-event.ts';

/** A database, the write path, and all rows without the clock. */
async function useWritePath() {
  const { sql, url } = await useTestDatabase();
  const pool = createPool({ target: parseDatabaseUrl(url), size: 2 });
  onTestFinished(() => pool.close());
  const options = { pool, deletedUsers: 'erase' } as const;
  const settle = async (...entries: BatchEntry[]) =>
    (await settleBatch(options, entries)).map(({ outcome }) => outcome);
  const readLetters = async () => [
    ...(await sql`select message_id, origin, body, reason, details, attempts, state, resolution,
      last_failed_at > first_failed_at as failed_again, resolved_at is not null as resolved
      from clerk.dead_letters order by message_id collate "C"`),
  ];
  return {
    sql,
    settle,
    replay: (id: string) => replayDeadLetter(options, id),
    readLetters,
    dump: () => dumpTables(sql, { omit: ['synced_at', 'stated_keys'] }),
  };
}

const ADA = { id: 'user_1', first_name: 'Ada', updated_at: EPOCH_MS, passkeys: [{ id: 'idn_1', name: 'laptop' }] };

test('a user from the Backend API becomes the rows that an event would make, at the time of the request, and is in no ledger', async () => {
  const { settle, dump } = await useWritePath();
  expect(await settle(makeObservedEntry(ADA, { at: 5 }))).toEqual(['applied']);
  const { users, ...others } = tables({
    users: [
      {
        id: 'user_1',
        instance_id: 'ins_1',
        first_name: 'Ada',
        updated_at: '2026-01-01T00:00:00+00:00',
        observed_at: '2026-01-01T00:00:00.005+00:00',
        last_message_id: 'backfill_1',
        deprovisioned: false,
        bypass_client_trust: false,
      },
    ],
    passkeys: [{ user_id: 'user_1', id: 'idn_1', name: 'laptop' }],
  });
  const visible = users?.map(({ stated_keys: _, ...row }) => row);
  expect(await dump()).toEqual({ ...others, users: visible });
});

test('an older page is stale over a newer event, and a newer page is applied over an older one', async () => {
  const { sql, settle } = await useWritePath();
  const event = makeUserEntry({ messageId: 'msg_1', userId: 'user_1', mark: 'event', at: 10 });
  expect(await settle(event)).toEqual(['applied']);
  expect(await settle(makeObservedEntry({ ...ADA, updated_at: EPOCH_MS + 9 }, { at: 99 }))).toEqual(['stale']);
  expect(await settle(makeObservedEntry({ ...ADA, updated_at: EPOCH_MS + 11 }, { at: 12 }))).toEqual(['applied']);
  expect(await settle(makeObservedEntry({ ...ADA, updated_at: EPOCH_MS + 11 }, { at: 12 }))).toEqual(['stale']);
  expect([...(await sql`select first_name, last_message_id from clerk.users`)]).toEqual([
    { first_name: 'Ada', last_message_id: 'backfill_1' },
  ]);
});

test('no page brings a deleted user back, in one batch with the deletion or after it', async () => {
  const { sql, settle } = await useWritePath();
  const deletion = makeUserEntry({ messageId: 'msg_1', userId: 'user_1', type: 'user.deleted', at: 10 });
  expect(await settle(makeObservedEntry(ADA, { at: 20 }), deletion)).toEqual(['stale', 'applied']);
  expect(await settle(makeObservedEntry({ ...ADA, updated_at: EPOCH_MS + 30 }, { at: 31 }))).toEqual(['stale']);
  expect([...(await sql`select id, first_name, deleted_at from clerk.users`)]).toEqual([
    { id: 'user_1', first_name: null, deleted_at: new Date(EPOCH_MS + 10) },
  ]);
});

test('a user whom the Backend API does not have becomes a tombstone at the time of the question', async () => {
  const { sql, settle } = await useWritePath();
  await settle(makeObservedEntry(ADA));
  const tombstone = makeApiTombstone('user_1', makeObservation({ origin: 'reconcile', runId: 'reconcile_1', at: 50 }));
  expect(await settle(tombstone)).toEqual(['applied']);
  expect([
    ...(await sql`select id, first_name, deleted_at, last_message_id, (select count(*)::int from clerk.passkeys) as passkeys
      from clerk.users`),
  ]).toEqual([
    {
      id: 'user_1',
      first_name: null,
      deleted_at: new Date(EPOCH_MS + 50),
      last_message_id: 'reconcile_1',
      passkeys: 0,
    },
  ]);
});

const OPEN = { state: 'open', resolution: null, failed_again: false, resolved: false };
const DETAILS = { run_id: 'backfill_1', observed_at: new Date(EPOCH_MS).toISOString() };

test('a user who can not be read is kept under his id, with origin and run, and costs nobody else anything', async () => {
  const { settle, readLetters, sql } = await useWritePath();
  const bad = { ...ADA, banned: 'maybe', backup_codes: ['secret'] };
  const entries = [makeObservedEntry(bad), makeObservedEntry({ ...ADA, id: 'user_2' }), makeObservedEntry({ name: 7 })];
  expect(await settle(...entries)).toEqual(['dead_letter', 'applied', 'dead_letter']);
  expect(await readLetters()).toEqual([
    {
      ...OPEN,
      message_id: expect.stringMatching(/^api_[0-9a-f]{16}$/),
      origin: 'backfill',
      body: '{"name":7}',
      reason: 'missing_user_id',
      details: { ...DETAILS, issues: [{ path: 'id', message: 'Expected the id of the user' }] },
      attempts: 1,
    },
    {
      ...OPEN,
      message_id: 'api_user_1',
      origin: 'backfill',
      body: JSON.stringify({ ...ADA, banned: 'maybe' }),
      reason: 'invalid_shape',
      details: {
        ...DETAILS,
        issues: [{ path: 'banned', message: 'Invalid input: expected boolean, received string' }],
      },
      attempts: 1,
    },
  ]);
  expect([
    ...(await sql`select event_type, user_id, instance_id, error from clerk.dead_letters where message_id = 'api_user_1'`),
  ]).toEqual([
    {
      event_type: null,
      user_id: 'user_1',
      instance_id: 'ins_1',
      error:
        "The Backend API's user does not have Clerk's shape: banned: Invalid input: expected boolean, received string.",
    },
  ]);
});

test('a user whom the database refuses is kept with its SQLSTATE, and tried again the newest body counts', async () => {
  const { sql, settle, readLetters } = await useWritePath();
  await sql`alter table clerk.users add constraint no_ada check (first_name not like 'Ada%')`;
  expect(await settle(makeObservedEntry(ADA), makeObservedEntry({ ...ADA, first_name: 'Ada II' }))).toEqual([
    'dead_letter',
    'dead_letter',
  ]);
  const again = { ...ADA, first_name: 'Ada III' };
  await settle(makeObservedEntry(again, { origin: 'reconcile', runId: 'reconcile_1', at: 60 }));
  expect(await readLetters()).toEqual([
    {
      ...OPEN,
      message_id: 'api_user_1',
      origin: 'reconcile',
      body: JSON.stringify(again),
      reason: 'rejected_by_database',
      details: {
        run_id: 'reconcile_1',
        observed_at: new Date(EPOCH_MS + 60).toISOString(),
        sqlstate: '23514',
        table: 'users',
      },
      attempts: 3,
      failed_again: true,
    },
  ]);
});

test('a user whom one answer names twice is one letter', async () => {
  const { settle, readLetters } = await useWritePath();
  const [first, second] = ['maybe', 'perhaps'].map((banned) => makeObservedEntry({ ...ADA, banned }));
  expect(await settle(first as BatchEntry, second as BatchEntry)).toEqual(['dead_letter', 'dead_letter']);
  expect((await readLetters()).map(({ message_id: id, body, attempts }) => ({ id, body, attempts }))).toEqual([
    { id: 'api_user_1', body: JSON.stringify({ ...ADA, banned: 'perhaps' }), attempts: 1 },
  ]);
});

test('the commit that applies the user closes the letter, and a later failure opens it again', async () => {
  const { settle, readLetters } = await useWritePath();
  const bad = makeObservedEntry({ ...ADA, banned: 'maybe' });
  await settle(bad);
  expect(await settle(makeObservedEntry(ADA))).toEqual(['applied']);
  expect((await readLetters()).map(({ state, resolution, resolved }) => ({ state, resolution, resolved }))).toEqual([
    { state: 'replayed', resolution: 'applied', resolved: true },
  ]);
  await settle(bad);
  expect((await readLetters()).map(({ attempts, ...letter }) => [attempts, letter.state, letter.resolution])).toEqual([
    [2, 'open', null],
  ]);
});

test('a discarded letter stays discarded, whatever becomes of the user', async () => {
  const { sql, settle, replay, readLetters } = await useWritePath();
  const bad = makeObservedEntry({ ...ADA, banned: 'maybe' });
  await settle(bad);
  await sql`update clerk.dead_letters set state = 'discarded', resolved_at = now(), resolution = 'a test'`;
  await settle(bad);
  expect(await replay('api_user_1')).toEqual({ messageId: 'api_user_1', outcome: 'duplicate' });
  expect(await settle(makeObservedEntry(ADA))).toEqual(['applied']);
  expect((await readLetters()).map(({ attempts, state, resolution }) => ({ attempts, state, resolution }))).toEqual([
    { attempts: 1, state: 'discarded', resolution: 'a test' },
  ]);
});

test('a replay reads the letter as a user at the time when Clerk was asked', async () => {
  const { sql, settle, replay, readLetters } = await useWritePath();
  await sql`alter table clerk.users add constraint no_ada check (first_name <> 'Ada')`;
  await settle(makeObservedEntry(ADA, { at: 7 }));
  expect(await replay('api_user_1')).toEqual({
    messageId: 'api_user_1',
    outcome: 'dead_letter',
    error:
      'The database refuses what the Backend API says of the user: new row for relation "users" violates check constraint "no_ada" (SQLSTATE 23514).',
    reason: 'rejected_by_database',
    path: 'users',
  });
  await sql`alter table clerk.users drop constraint no_ada`;
  expect(await replay('api_user_1')).toEqual({ messageId: 'api_user_1', outcome: 'applied' });
  expect((await readLetters()).map(({ attempts, state, resolution }) => ({ attempts, state, resolution }))).toEqual([
    { attempts: 2, state: 'replayed', resolution: 'applied' },
  ]);
  expect([...(await sql`select first_name, observed_at, last_message_id from clerk.users`)]).toEqual([
    { first_name: 'Ada', observed_at: new Date(EPOCH_MS + 7), last_message_id: 'backfill_1' },
  ]);
});

test('a replay closes the letter whose body somebody has given the id that it lacked, and counts one that is no JSON', async () => {
  const { sql, settle, replay, readLetters } = await useWritePath();
  await settle(makeObservedEntry({ first_name: 'Ada' }));
  const [{ message_id: id } = { message_id: '' }] = await sql<{ message_id: string }[]>`
    update clerk.dead_letters set body = '{"id": ' returning message_id`;
  expect(await replay(id)).toMatchObject({ outcome: 'dead_letter' });
  await sql`update clerk.dead_letters set body = ${JSON.stringify(ADA)}`;
  expect(await replay(id)).toEqual({ messageId: id, outcome: 'applied' });
  expect((await readLetters()).map(({ attempts, state, reason }) => ({ attempts, state, reason }))).toEqual([
    { attempts: 2, state: 'replayed', reason: 'invalid_json' },
  ]);
});

test('a deletion that the database refuses is a letter, and its replay deletes', async () => {
  const { sql, settle, replay } = await useWritePath();
  await settle(makeObservedEntry(ADA));
  await sql`alter table clerk.users add constraint no_end check (deleted_at is null)`;
  expect(await settle(makeApiTombstone('user_1', makeObservation({ at: 9 })))).toEqual(['dead_letter']);
  await sql`alter table clerk.users drop constraint no_end`;
  expect(await replay('api_user_1')).toEqual({ messageId: 'api_user_1', outcome: 'applied' });
  expect([...(await sql`select id, deleted_at from clerk.users`)]).toEqual([
    { id: 'user_1', deleted_at: new Date(EPOCH_MS + 9) },
  ]);
});
