import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { createRandom } from '../../../src/samples/random.ts';
import type { BatchEntry } from '../../../src/sync/batch-entry.ts';
import { makeDeliveryEntry } from '../../../src/sync/batch-entry.ts';
import { settleBatch } from '../../../src/sync/settle-batch.ts';
import { useTestDatabase } from '../../support/database.ts';
import { EPOCH_MS, makeUserBody, makeUserEntry, type UserEventOptions } from '../../support/user-event.ts';

async function useSettling() {
  const { sql, url } = await useTestDatabase();
  const pool = createPool({ target: parseDatabaseUrl(url), size: 2 });
  onTestFinished(() => pool.close());
  const settle = async (entries: readonly BatchEntry[]) => settleBatch({ pool, deletedUsers: 'erase' }, entries);
  const readOutcomes = async () =>
    Object.fromEntries(
      (await sql`select message_id, outcome from clerk.webhook_messages`).map((row) => [row.message_id, row.outcome]),
    );
  const readUsers = async () =>
    (await sql<{ id: string }[]>`select id from clerk.users order by id collate "C"`).map(({ id }) => id);
  return { sql, pool, settle, readOutcomes, readUsers };
}

/** Text that can't be compressed, and more of it than a row of the index on `external_id` can hold (SQLSTATE 54000). */
const TOO_LARGE = createRandom(1).text(4000, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

const name = (place: number) => String(place).padStart(2, '0');

const makeEvent = (place: number, bad: boolean): UserEventOptions => ({
  messageId: `msg_${name(place)}`,
  userId: `user_${name(place)}`,
  mark: `m${place}`,
  data: bad ? { external_id: TOO_LARGE } : {},
});

const REFUSAL = {
  kind: 'dead_letter',
  body: expect.any(String),
  reason: 'rejected_by_database',
  error: expect.stringMatching(
    /^The database refuses what the event says: index row size \d+ exceeds btree version 4 maximum \d+ for index "users_external_id_idx" \(SQLSTATE 54000\)\.$/,
  ),
  details: { sqlstate: '54000', table: 'users' },
};

const CASES: { name: string; bad: number[] }[] = [
  { name: 'one event', bad: [17] },
  { name: 'the first event', bad: [0] },
  { name: 'the last event', bad: [49] },
  { name: 'two neighbours', bad: [24, 25] },
  { name: 'two events far apart', bad: [3, 44] },
  { name: 'all events', bad: Array.from({ length: 50 }, (_, place) => place) },
];

test.for(CASES)('where the database refuses $name of fifty, each costs only itself', async ({ bad }) => {
  const { sql, settle, readOutcomes, readUsers } = await useSettling();
  const events = Array.from({ length: 50 }, (_, place) => makeEvent(place, bad.includes(place)));
  const settled = await settle(events.map(makeUserEntry));

  const isBad = (_: unknown, place: number) => bad.includes(place);
  const isGood = (_: unknown, place: number) => !bad.includes(place);
  expect(settled).toEqual(
    events.map((_, place) =>
      bad.includes(place) ? { outcome: 'dead_letter', letter: REFUSAL } : { outcome: 'applied' },
    ),
  );
  expect(await readOutcomes()).toEqual(
    Object.fromEntries(
      events.map(({ messageId }, place) => [messageId, bad.includes(place) ? 'dead_letter' : 'applied']),
    ),
  );
  expect(await readUsers()).toEqual(events.filter(isGood).map(({ userId }) => userId));
  expect([
    ...(await sql`select *, first_failed_at = last_failed_at as once from clerk.dead_letters order by message_id`),
  ]).toEqual(
    events.filter(isBad).map((event) => ({
      message_id: event.messageId,
      origin: 'webhook',
      event_type: 'user.updated',
      user_id: event.userId,
      instance_id: 'ins_1',
      body: makeUserBody(event),
      original_body: null,
      path: 'users',
      reason: 'rejected_by_database',
      error: REFUSAL.error,
      details: { sqlstate: '54000', table: 'users' },
      attempts: 1,
      first_failed_at: expect.any(Date),
      last_failed_at: expect.any(Date),
      state: 'open',
      resolved_at: null,
      resolution: null,
      once: true,
    })),
  );
});

test('a bad event leaves nothing of itself but its letter, and takes nothing of its user with it', async () => {
  const { sql, settle, readOutcomes } = await useSettling();
  const good = { ...makeEvent(1, false), at: 1 };
  const bad: UserEventOptions = { ...makeEvent(1, true), messageId: 'msg_bad', mark: 'bad', at: 2 };
  const after: UserEventOptions = { ...makeEvent(1, false), messageId: 'msg_after', mark: 'after', at: 3 };
  await settle([good, bad, after].map(makeUserEntry));
  expect(await readOutcomes()).toEqual({ msg_01: 'applied', msg_bad: 'dead_letter', msg_after: 'applied' });
  expect([
    ...(await sql`select u.first_name, array_agg(p.name order by p.name) as passkeys
    from clerk.users u join clerk.passkeys p on p.user_id = u.id group by 1`),
  ]).toEqual([{ first_name: 'after', passkeys: ['after_1', 'after_2'] }]);
});

test('where the dead letter can not be written either, the caller is told and nothing of the event is recorded', async () => {
  const { sql, settle, readOutcomes, readUsers } = await useSettling();
  await sql`alter table clerk.dead_letters add constraint full_house check (message_id not like 'msg_%')`;
  const bad = makeUserEntry(makeEvent(1, true));
  await expect(settle([bad])).rejects.toThrow('The database refuses the dead letter too.');
  expect({ outcomes: await readOutcomes(), users: await readUsers() }).toEqual({ outcomes: {}, users: [] });

  await sql`alter table clerk.dead_letters drop constraint full_house`;
  expect(await settle([bad])).toEqual([{ outcome: 'dead_letter', letter: REFUSAL }]);
});

test('where the table of dead letters is missing, no event is acknowledged and nothing is written', async () => {
  const { sql, settle, readOutcomes, readUsers } = await useSettling();
  await sql`alter table clerk.dead_letters rename to elsewhere`;
  await expect(settle([makeUserEntry(makeEvent(1, true))])).rejects.toThrow('SQLSTATE 42P01');
  await expect(settle([makeUserEntry(makeEvent(2, false))])).rejects.toThrow('SQLSTATE 42P01');
  expect({ outcomes: await readOutcomes(), users: await readUsers() }).toEqual({
    outcomes: {},
    users: [],
  });
});

const HOSTILE: { name: string; body: string; reason: string }[] = [
  { name: 'whose body is not JSON and holds U+0000', body: '{"type": "user.updated", \u0000', reason: 'invalid_json' },
  {
    name: 'with an id of four kilobytes',
    body: makeUserBody({ messageId: '', userId: TOO_LARGE }),
    reason: 'missing_user_id',
  },
  {
    name: 'with an id and a type of four kilobytes',
    body: JSON.stringify({ type: `user.${TOO_LARGE}`, instance_id: TOO_LARGE, data: { id: TOO_LARGE } }),
    reason: 'ignored',
  },
  { name: 'whose type is not a text', body: '{"type": 7}', reason: 'invalid_shape' },
];

test.for(HOSTILE)('an event $name is settled, and so not sent again for ever', async ({ body, reason }) => {
  const { sql, settle } = await useSettling();
  const at = new Date(EPOCH_MS);
  const [settled] = await settle([makeDeliveryEntry({ messageId: 'msg_1', signedAt: at, receivedAt: at, body })]);
  const outcome = reason === 'ignored' ? 'ignored' : 'dead_letter';
  const letters = await sql`select message_id, reason from clerk.dead_letters`;
  expect({ outcome: settled?.outcome, letters: [...letters] }).toEqual({
    outcome,
    letters: outcome === 'ignored' ? [] : [{ message_id: 'msg_1', reason }],
  });
});
