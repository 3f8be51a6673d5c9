import { expect, test } from 'vitest';
import { claimQueued } from '../../../src/replay-runs/claim-queued.ts';
import { makeLetters, useLetters } from '../../support/replays.ts';

const SOON = { timeout: 40_000, interval: 50 };
const setQueued = (sql: Awaited<ReturnType<typeof useLetters>>['sql']) =>
  sql`update clerk.dead_letters set state = 'queued' where state = 'open'`;

test('queued letters are replayed within two seconds, and those that are open are left alone', async () => {
  const { sql, replay, countStates, logged } = await useLetters(
    makeLetters(3, (place) => ({ columns: { state: place === 2 ? 'open' : 'queued' } })),
  );
  replay();
  await expect.poll(countStates, SOON).toEqual({ replayed: 2, open: 1 });
  await sql`update clerk.dead_letters set state = 'queued' where message_id = 'msg_00002'`;
  const [queued] = await sql`select now() as at`;
  await expect.poll(countStates, SOON).toEqual({ replayed: 3 });
  const rows = [
    ...(await sql`select message_id, resolution, attempts, resolved_at < ${queued?.at}::timestamptz + interval '2 s' as soon
      from clerk.dead_letters where message_id = 'msg_00002'`),
  ];
  expect(rows).toEqual([{ message_id: 'msg_00002', resolution: 'applied', attempts: 1, soon: true }]);
  expect([...(await sql`select id, first_name from clerk.users order by 1`)]).toEqual([
    { id: 'user_00000', first_name: '00000' },
    { id: 'user_00001', first_name: '00001' },
    { id: 'user_00002', first_name: '00002' },
  ]);
  const sum = () => logged.reduce((applied, line) => applied + Number(line.applied), 0);
  await expect.poll(sum, SOON).toBe(3);
  const counts = { applied: expect.any(Number), stale: 0, duplicate: 0, ignored: 0, dead_letters: 0 };
  expect(logged[0]).toEqual({ ...counts, message: 'queued dead letters were replayed' });
});

test('a queued letter that fails again is open again, with one more attempt and the newest reason', async () => {
  const { sql, replay, countStates } = await useLetters(makeLetters(1, () => ({ body: '{' })));
  replay();
  await setQueued(sql);
  await expect.poll(countStates, SOON).toEqual({ open: 1 });
  expect([...(await sql`select state, attempts, reason, resolved_at from clerk.dead_letters`)]).toEqual([
    { state: 'open', attempts: 2, reason: 'invalid_json', resolved_at: null },
  ]);
});

test('a discarded letter that is queued and fails again is open, and no longer says how it was resolved', async () => {
  const { sql, replay, countStates } = await useLetters(makeLetters(1, () => ({ body: '{' })));
  await sql`update clerk.dead_letters set state = 'discarded', resolved_at = now(), resolution = 'a test event'`;
  await sql`update clerk.dead_letters set state = 'queued' where state = 'discarded'`;
  replay();
  await expect.poll(countStates, SOON).toEqual({ open: 1 });
  expect([...(await sql`select state, attempts, resolved_at, resolution from clerk.dead_letters`)]).toEqual([
    { state: 'open', attempts: 2, resolved_at: null, resolution: null },
  ]);
});

test('a queued letter of a user from the Backend API is replayed, too', async () => {
  const user = { object: 'user', id: 'user_1', updated_at: 1_767_225_600_000, created_at: 1_767_225_600_000 };
  const [letter] = makeLetters(1, () => ({
    messageId: 'api_user_1',
    userId: 'user_1',
    body: JSON.stringify(user),
    columns: { origin: 'backfill', event_type: null, state: 'queued' },
  }));
  const { sql, replay, countStates } = await useLetters(letter === undefined ? [] : [letter]);
  replay();
  await expect.poll(countStates, SOON).toEqual({ replayed: 1 });
  expect([...(await sql`select id, last_message_id from clerk.users`)]).toEqual([
    { id: 'user_1', last_message_id: 'api_user_1' },
  ]);
});

test('several processes share the work, and replay the letters of each user in order, each once', async () => {
  const letters = makeLetters(2000, (place) => ({ userId: `user_${place % 1500}` }));
  const { sql, spawn, countStates, findWrittenTwice, countReplaying } = await useLetters(letters);
  // So that one process is not done before the other one has looked.
  await sql.unsafe(`
    create function take_time() returns trigger language plpgsql as $$ begin perform pg_sleep(0.002); return null; end $$;
    create trigger take_time after insert or update on clerk.users for each row execute function take_time()`);
  const processes = [spawn(), spawn()];
  await expect.poll(countReplaying, SOON).toBe(2);
  await setQueued(sql);
  await expect.poll(countStates, SOON).toEqual({ replayed: 2000 });
  expect(await findWrittenTwice()).toEqual([]);
  const [late] = await sql`
    select count(*)::int as letters from (
      select resolved_at, lag(resolved_at) over (partition by user_id order by first_failed_at, message_id) as before
      from clerk.dead_letters) l where resolved_at < before`;
  expect(late).toEqual({ letters: 0 });
  for (const { log } of processes) await expect.poll(log, SOON).toContain('queued dead letters were replayed');
  expect([...(await sql`select distinct last_message_id >= 'msg_00500' as newest from clerk.users`)]).toEqual([
    { newest: true },
  ]);
});

test('if a process is killed in the middle, the others replay what it had claimed, and each letter once', async () => {
  const { sql, spawn, countStates, findWrittenTwice } = await useLetters(makeLetters(1500));
  const killed = spawn();
  await setQueued(sql);
  await expect.poll(async () => (await countStates()).replayed ?? 0, SOON).toBeGreaterThan(0);
  await killed.kill('SIGKILL');
  expect((await countStates()).queued).toBeGreaterThan(0);
  spawn();
  await expect.poll(countStates, SOON).toEqual({ replayed: 1500 });
  expect(await findWrittenTwice()).toEqual([]);
  expect([...(await sql`select count(*)::int as writes from written`)]).toEqual([{ writes: 1500 }]);
});

test('a letter that can not be decided stays queued, holds up no other user, and is not tried all the time', async () => {
  const { sql, replay, countStates, logged } = await useLetters(
    makeLetters(6, (place) => (place === 3 ? { userId: 'user_00001' } : {})),
  );
  await sql.unsafe(`
    create sequence attempts;
    create function refuse() returns trigger language plpgsql as $$
      begin perform nextval('public.attempts'); raise 'not now' using errcode = '57000'; end $$;
    create trigger refuse before insert or update on clerk.users for each row when (new.id = 'user_00001')
      execute function refuse()`);
  replay();
  await setQueued(sql);
  await expect.poll(countStates, SOON).toEqual({ replayed: 4, queued: 2 });
  const messages = () => logged.map(({ message }) => message);
  await expect.poll(messages, SOON).toContain('queued dead letters were replayed');
  const readAttempts = async () => (await sql`select last_value::int as value from attempts`)[0]?.value;
  const attempts = await readAttempts();
  await sql`update clerk.dead_letters set state = 'queued' where user_id = 'user_00000'`;
  await expect.poll(countStates, SOON).toEqual({ replayed: 4, queued: 2 });
  expect(await readAttempts()).toBe(attempts);
  expect(logged).toContainEqual({
    ...{ message_id: 'msg_00001', err: expect.any(Error) },
    letters: expect.any(Number),
    message: 'queued dead letters can not be decided now',
  });
});

test('many letters of a user with a letter on hold hide none of others', async () => {
  const { pool } = await useLetters(
    makeLetters(6, (place) => ({ columns: { state: 'queued' }, ...(place < 5 ? { userId: 'user_x' } : {}) })),
  );
  const claim = (ids: string[], userIds: string[]) =>
    pool.withTransaction((session) => claimQueued(session, 3, { ids, userIds }));
  expect(await claim([], [])).toEqual(['msg_00000', 'msg_00001', 'msg_00002']);
  expect(await claim(['msg_00000'], ['user_x'])).toEqual(['msg_00005']);
});

test('a letter whose content was erased changes nothing if it is queued, and does not come back', async () => {
  const { sql, replay, countStates } = await useLetters(
    makeLetters(1, () => ({ body: '', columns: { state: 'queued', details: { erased: true } } })),
  );
  replay();
  await expect.poll(countStates, SOON).toEqual({ replayed: 1 });
  expect([...(await sql`select resolution, attempts, details from clerk.dead_letters`)]).toEqual([
    { resolution: 'ignored', attempts: 1, details: { erased: true } },
  ]);
  expect([...(await sql`select id from clerk.users`)]).toEqual([]);
});
