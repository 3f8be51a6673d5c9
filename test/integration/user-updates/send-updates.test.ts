import { expect, test } from 'vitest';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { useUserUpdates } from '../../support/user-updates.ts';

const ADA = makeUserId(0);
const TIME = expect.any(Date);

test('a request is sent in its calls, the answer is in the tables at once, and the row tells all of it', async () => {
  const { clerk, insert, send, sql, lines } = await useUserUpdates();
  const id = await insert({ user_id: ADA, request: { first_name: 'Grace', public_metadata: { plan: 'free' } } });
  expect(await send()).toEqual({ succeeded: 1, rejected: 0, pending: 0 });
  const user = clerk.users.get(ADA);
  const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect([...(await sql`select * from clerk.user_updates`)]).toEqual([
    {
      id: String(id),
      user_id: ADA,
      action: 'update',
      request: { first_name: 'Grace', public_metadata: { plan: 'free' } },
      metadata_mode: 'replace',
      force: false,
      state: 'succeeded',
      attempts: 1,
      next_attempt_at: TIME,
      lease_until: null,
      calls: [
        { call: 'user', method: 'PATCH', path: `/users/${ADA}`, at, status: 200, outcome: 'applied' },
        {
          ...{ call: 'metadata', method: 'PUT', path: `/users/${ADA}/metadata`, at, status: 200, outcome: 'applied' },
          updated_at: new Date(Number(user?.updated_at)).toISOString(),
        },
      ],
      error: null,
      error_property: null,
      message_id: null,
      from_trigger: false,
      requested_by: expect.any(String),
      created_at: TIME,
      settled_at: TIME,
    },
  ]);
  expect(clerk.requests.map(({ method, path, body }) => `${method} ${path} ${body}`)).toEqual([
    'GET /instance ',
    `GET /users/${ADA} `,
    `PATCH /users/${ADA} {"first_name": "Grace"}`,
    `PUT /users/${ADA}/metadata {"public_metadata": {"plan": "free"}}`,
  ]);
  expect([...(await sql`select first_name, public_metadata, updated_at, last_message_id from clerk.users`)]).toEqual([
    {
      first_name: 'Grace',
      public_metadata: { plan: 'free' },
      updated_at: new Date(Number(user?.updated_at)),
      last_message_id: `user-update_${id}`,
    },
  ]);
  expect(lines).toEqual([
    {
      ...{ level: 'info', message: 'request of a user update succeeded' },
      ...{ update_id: id, user_id: ADA, action: 'update', attempt: 1, state: 'succeeded' },
      ...{ call: 'metadata', status: 200, outcome: 'applied', ms: expect.any(Number) },
    },
  ]);
});

test('what Clerk has already is not sent, unless it is forced; of two calls only the one that changes something', async () => {
  const { insert, send, read, listChanges } = await useUserUpdates();
  const { username, public_metadata } = makeApiUser(0);
  const same = { username, public_metadata } as object;
  const ids = [
    await insert({ user_id: ADA, request: same }),
    await insert({ user_id: ADA, request: { ...same, last_name: 'King' } }),
    await insert({ user_id: ADA, request: { public_metadata: { plan: 'pro' } }, metadata_mode: 'merge' }),
    await insert({ user_id: ADA, request: same, force: true }),
  ];
  expect(await send()).toEqual({ succeeded: 4, rejected: 0, pending: 0 });
  const [patch, put] = [`PATCH /users/${ADA}`, `PUT /users/${ADA}/metadata`];
  expect(listChanges()).toEqual([patch, patch, put]);
  const calls = (await Promise.all(ids.map(read))).map((row) => row.calls);
  expect(calls).toEqual([
    [`${patch} null unchanged`, `${put} null unchanged`],
    [`${patch} 200 applied`, `${put} null unchanged`],
    [`PATCH /users/${ADA}/metadata null unchanged`],
    [`${patch} 200 applied`, `${put} 200 applied`],
  ]);
});

test('metadata is merged where that is asked for, and null removes a key', async () => {
  const { clerk, insert, send, sql } = await useUserUpdates();
  const request = { public_metadata: { seats: null, team: { name: 'a', size: 12345678901234567890n } } };
  const text = JSON.stringify(request, (_, value) => (typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value));
  await insert({ user_id: ADA, request: text, metadata_mode: 'merge' });
  await send();
  expect(clerk.requests.at(-1)).toMatchObject({ method: 'PATCH', path: `/users/${ADA}/metadata` });
  expect([...(await sql`select public_metadata::text from clerk.users`)]).toEqual([
    { public_metadata: '{"plan": "pro", "team": {"name": "a", "size": 12345678901234567890}}' },
  ]);
});

test('what Clerk refuses is rejected with all that Clerk says, and the next request of the user is sent', async () => {
  const { insert, send, read, lines } = await useUserUpdates({ disabled: ['locale'] });
  const taken = makeApiUser(1).username;
  const [refused, next] = [
    await insert({ user_id: ADA, request: { username: taken, primary_email_address_id: 'idn_nobody' } }),
    await insert({ user_id: ADA, request: { first_name: 'Grace' } }),
  ];
  expect(await send()).toEqual({ succeeded: 1, rejected: 1, pending: 0 });
  const row = await read(refused);
  expect(row).toEqual({
    ...{ state: 'rejected', attempts: 1, calls: [`PATCH /users/${ADA} 422 refused`] },
    error: [
      {
        ...{ code: 'form_identifier_exists', message: expect.any(String), long_message: expect.any(String) },
        meta: { param_name: 'username' },
      },
      expect.objectContaining({ meta: { param_name: 'primary_email_address_id' } }),
    ],
    error_property: 'username',
    request: { username: taken, primary_email_address_id: 'idn_nobody' },
  });
  expect(await read(next)).toMatchObject({ state: 'succeeded' });
  expect(lines[0]).toEqual({
    ...{ level: 'warn', message: 'request of a user update rejected' },
    ...{ update_id: refused, user_id: ADA, action: 'update', attempt: 1, state: 'rejected' },
    ...{ call: 'user', status: 422, outcome: 'refused', code: 'form_identifier_exists', ms: expect.any(Number) },
  });
});

test('a user whom Clerk does not have is a rejection, and for a deletion a success', async () => {
  const { insert, send, read } = await useUserUpdates({ userCount: 0 });
  const ids = [
    await insert({ user_id: 'user_nobody', request: { first_name: 'Grace' } }),
    await insert({ user_id: 'user_nobody', request: { first_name: 'Grace' }, force: true }),
    await insert({ user_id: 'user_nobody', action: 'delete' }),
  ];
  await send();
  const rows = await Promise.all(ids.map(read));
  expect(rows.map(({ state, calls, error }) => ({ state, calls, error }))).toEqual([
    {
      ...{ state: 'rejected', calls: [] },
      error: [{ code: 'resource_not_found', message: 'Clerk has no user with this id.' }],
    },
    {
      ...{ state: 'rejected', calls: ['PATCH /users/user_nobody 404 refused'] },
      error: [expect.objectContaining({ code: 'resource_not_found' })],
    },
    { state: 'succeeded', calls: ['DELETE /users/user_nobody 404 unchanged'], error: null },
  ]);
});

test('the other actions make their calls, once, and their state is in the tables at once', async () => {
  const { insert, send, sql, listChanges } = await useUserUpdates();
  const read = async () => [...(await sql`select banned, locked, deleted_at is not null as deleted from clerk.users`)];
  const found: unknown[] = [];
  for (const action of ['ban', 'ban', 'unban', 'lock', 'unlock', 'delete']) {
    await insert({ user_id: ADA, action });
    await send();
    found.push(...(await read()));
  }
  expect(found).toEqual([
    { banned: true, locked: false, deleted: false },
    { banned: true, locked: false, deleted: false },
    { banned: false, locked: false, deleted: false },
    { banned: false, locked: true, deleted: false },
    { banned: false, locked: false, deleted: false },
    { banned: null, locked: null, deleted: true },
  ]);
  expect(listChanges()).toEqual([
    ...['ban', 'unban', 'lock', 'unlock'].map((action) => `POST /users/${ADA}/${action}`),
    `DELETE /users/${ADA}`,
  ]);
});

test('an event that comes after the answer changes nothing more; nor does the answer after the event', async () => {
  const { insert, send, sql, deliver, scene } = await useUserUpdates();
  const read = async () => [...(await sql`select first_name, updated_at from clerk.users`)];
  await insert({ user_id: ADA, request: { first_name: 'Grace' } });
  await send();
  const answered = await read();
  await deliver();
  expect(await read()).toEqual(answered);
  await insert({ user_id: ADA, request: { first_name: 'Mary' } });
  const patchUser = async (id: string, body: string) => {
    const answer = await scene.changes.patchUser(id, body);
    await deliver();
    return answer;
  };
  expect(await send({ changes: { ...scene.changes, patchUser } })).toEqual({ succeeded: 1, rejected: 0, pending: 0 });
  expect([...(await sql`select first_name, last_message_id from clerk.users`)]).toEqual([
    { first_name: 'Mary', last_message_id: expect.stringMatching(/^msg_/) },
  ]);
});
