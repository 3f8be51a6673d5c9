import { expect, test } from 'vitest';
import { useLibrary } from '../../support/use-library.ts';

/** Six requests: the second one is being sent, the third to fifth were rejected, the last one succeeded. */
async function useRequests() {
  const { sql, clerkSync } = await useLibrary();
  await sql`
    insert into clerk.user_updates (user_id, action, request) values
      ('user_1', 'update', '{"password": "a secret", "first_name": "Ada"}'),
      ('user_2', 'ban', '{}'),
      ('user_1', 'update', '{"username": "ada", "create_organizations_limit": 3}'),
      ('user_3', 'update', '{"password": "a secret"}'),
      ('user_4', 'update', '{"locale": "en"}'),
      ('user_5', 'unban', '{}')`;
  const ids = (await sql`select id::int from clerk.user_updates order by id`).map(({ id }) => Number(id));
  const [pending = 0, sending = 0, taken = 0, secret = 0, off = 0, done = 0] = ids;
  const reject = (id: number, code: string, property: string | null) => sql`
    update clerk.user_updates set state = 'rejected', error = ${sql.json([{ code, message: 'no' }])}, error_property = ${property}
    where id = ${id}`;
  await sql`update clerk.user_updates set state = 'sending', attempts = 1, lease_until = now() where id = ${sending}`;
  await reject(taken, 'form_identifier_exists', 'username');
  await reject(secret, 'outcome_unknown', null);
  await reject(off, 'form_param_unknown', 'locale');
  await sql`update clerk.user_updates set state = 'succeeded' where id = ${done}`;
  const readStates = async () => [
    ...(await sql`select id::int, state, request from clerk.user_updates order by id offset 6`),
  ];
  return { sql, updates: clerkSync.userUpdates, pending, sending, taken, secret, off, done, readStates };
}

test('list shows what is not settled, the oldest first, and no secret', async () => {
  const { updates, pending, sending } = await useRequests();
  const usual = {
    metadata_mode: 'replace',
    force: false,
    next_attempt_at: expect.any(Date),
    lease_until: null,
    calls: [],
    error: null,
    error_property: null,
    message_id: null,
    from_trigger: false,
    requested_by: expect.any(String),
    created_at: expect.any(Date),
    settled_at: null,
  };
  expect(await updates.list()).toEqual([
    {
      ...usual,
      ...{ id: pending, user_id: 'user_1', action: 'update', state: 'pending', attempts: 0 },
      request: { password: '[erased]', first_name: 'Ada' },
    },
    {
      ...{ ...usual, id: sending, user_id: 'user_2', action: 'ban', state: 'sending', attempts: 1 },
      ...{ request: {}, lease_until: expect.any(Date) },
    },
  ]);
});

test('list narrows down by state, user, action and reason', async () => {
  const { updates, pending, sending, taken, secret, off, done } = await useRequests();
  const find = async (query: Parameters<typeof updates.list>[0]) => (await updates.list(query)).map(({ id }) => id);
  expect(await find({ states: ['rejected'] })).toEqual([taken, secret, off]);
  expect(await find({ states: ['rejected', 'succeeded'], limit: 2 })).toEqual([taken, secret]);
  expect(await find({ userIds: ['user_1', 'user_2'] })).toEqual([pending, sending]);
  expect(await find({ states: ['succeeded'], actions: ['ban', 'unban'] })).toEqual([done]);
  expect(await find({ states: ['rejected'], reasons: ['outcome_unknown', 'form_param_unknown'] })).toEqual([
    secret,
    off,
  ]);
});

test('show tells why a request is as it is, and what to do', async () => {
  const { updates, off, secret, taken } = await useRequests();
  expect(await updates.show(off)).toMatchObject({
    error: [{ code: 'form_param_unknown', message: 'no' }],
    error_property: 'locale',
    why: 'Clerk does not take the property. It is switched off in this instance, or its name is wrong.',
    whatToDo: `Switch it on in Clerk's dashboard. Then \`clerk-sync updates retry ${off}\`, or insert a new request.`,
  });
  expect(await updates.show(secret)).toMatchObject({ request: { password: '[erased]' } });
  expect((await updates.show(taken)).why).toBe('Clerk has refused it.');
  await expect(updates.show(999_999)).rejects.toMatchObject({ code: 'user_update_not_found' });
});

test('retry makes a new request at the end of the queue, once', async () => {
  const { updates, taken, readStates } = await useRequests();
  const retries = await Promise.all([updates.retry(taken), updates.retry(taken)]);
  const newId = retries.find(({ outcome }) => outcome === 'requested')?.newId;
  expect(new Set(retries)).toEqual(
    new Set([
      { id: taken, outcome: 'requested', newId: expect.any(Number) },
      { id: taken, outcome: 'repeated', note: 'A later request of the user asks for the same.' },
    ]),
  );
  expect(await readStates()).toEqual([
    { id: newId, state: 'pending', request: { username: 'ada', create_organizations_limit: 3 } },
  ]);
  expect((await updates.show(taken)).state).toBe('rejected');
});

test('retry says why it makes none', async () => {
  const { updates, secret, pending, done, readStates } = await useRequests();
  expect(await updates.retry(secret)).toEqual({
    ...{ id: secret, outcome: 'secrets_erased' },
    note: 'Its password was erased when it was rejected. Insert a new request with it.',
  });
  expect(await updates.retry(pending)).toEqual({
    ...{ id: pending, outcome: 'not_rejected' },
    note: 'It is pending. Only rejected requests can be retried.',
  });
  expect(await updates.retry(done)).toMatchObject({ outcome: 'not_rejected' });
  await expect(updates.retry(999_999)).rejects.toMatchObject({ code: 'user_update_not_found' });
  expect(await readStates()).toEqual([]);
});

test('cancel takes a waiting request out of the queue, with its secrets', async () => {
  const { updates, pending } = await useRequests();
  expect(await updates.cancel(pending)).toEqual({ id: pending, outcome: 'cancelled' });
  expect(await updates.show(pending)).toMatchObject({ state: 'cancelled', settled_at: expect.any(Date) });
  expect(await updates.cancel(pending)).toEqual({ id: pending, outcome: 'settled', note: 'It is already cancelled.' });
});

test('cancel says if a call is being made, was made, or the request is settled', async () => {
  const { sql, updates, pending, sending, done } = await useRequests();
  expect(await updates.cancel(sending)).toEqual({
    ...{ id: sending, outcome: 'sending' },
    note: 'A call to Clerk is being made. Try again in a moment.',
  });
  expect(await updates.cancel(done)).toEqual({ id: done, outcome: 'settled', note: 'It is already succeeded.' });
  await sql`update clerk.user_updates set calls = '[{"call": "user", "status": 500}]' where id = ${pending}`;
  expect(await updates.cancel(pending)).toEqual({
    ...{ id: pending, outcome: 'cancelled' },
    note: 'It was tried before. `clerk-sync updates show <id>` tells what has reached Clerk.',
  });
});
