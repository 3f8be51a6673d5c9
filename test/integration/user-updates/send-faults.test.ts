import { expect, test } from 'vitest';
import { eraseUser } from '../../../src/erasure/erase-user.ts';
import type { FakeRequest, Fault } from '../../support/fake-clerk/fake-clerk.ts';
import { makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { useUserUpdates } from '../../support/user-updates.ts';

const ADA = makeUserId(0);
const PATCH = `PATCH /users/${ADA}`;
const PUT = `PUT /users/${ADA}/metadata`;
const LOST = 'the attempt was not recorded: another process has taken the request over, or the request was removed';
const UNKNOWN = [{ code: 'outcome_unknown', message: expect.stringMatching(/^Clerk gave no clear answer/) }];

/** Faults of the first requests that change something, in their order; undefined: none. */
function inOrder(...faults: readonly (Fault | undefined)[]) {
  const left = [...faults];
  return ({ method }: FakeRequest) => (method === 'GET' ? undefined : left.shift());
}

const UNCLEAR: readonly (readonly [string, Fault, number | null])[] = [
  ['a 500', { kind: 'status', status: 500 }, 500],
  ['a 503 of a proxy', { kind: 'proxy_page', status: 503 }, 503],
  ['a connection that breaks', { kind: 'cut' }, null],
  ['half an answer', { kind: 'half_body' }, null],
  ['silence', { kind: 'never' }, null],
];

test.each(UNCLEAR)(
  'after %s that came before the change, a state is sent again, behind a look',
  async (_, fault, status) => {
    const { clerk, insert, send, sendAgain, read, listChanges } = await useUserUpdates({ requestMs: 1500 });
    clerk.intercept(inOrder(fault));
    const id = await insert({ user_id: ADA, request: { first_name: 'Grace', public_metadata: {} } });
    expect(await send()).toEqual({ succeeded: 0, rejected: 0, pending: 1 });
    // Half an answer comes only once there is one.
    const isApplied = fault.kind === 'half_body';
    expect(await read(id)).toMatchObject({ state: 'pending', attempts: 1, calls: [`${PATCH} ${status} unclear`] });
    expect(await sendAgain()).toEqual({ succeeded: 1, rejected: 0, pending: 0 });
    const again = isApplied ? [`${PATCH} null applied`] : [`${PATCH} ${status} unclear`, `${PATCH} 200 applied`];
    expect(await read(id)).toMatchObject({ state: 'succeeded', attempts: 2, calls: [...again, `${PUT} 200 applied`] });
    expect(listChanges()).toEqual([...again.map(() => PATCH), PUT]);
  },
);

test.each(UNCLEAR)('after %s that came behind the change, nothing is sent again', async (_, fault, status) => {
  const { clerk, insert, send, sendAgain, read, listChanges } = await useUserUpdates({ requestMs: 1500 });
  clerk.intercept(inOrder({ kind: 'applied', fault }));
  const id = await insert({ user_id: ADA, request: { first_name: 'Grace', public_metadata: {} } });
  await send();
  await sendAgain();
  const calls = [`${PATCH} ${status} applied`, `${PUT} 200 applied`];
  expect(await read(id)).toMatchObject({ state: 'succeeded', attempts: 2, calls });
  expect(listChanges()).toEqual([PATCH, PUT]);
});

test('of two calls, the second alone is sent again', async () => {
  const { clerk, insert, send, sendAgain, read, sql } = await useUserUpdates();
  clerk.intercept(inOrder(undefined, { kind: 'status', status: 500 }, { kind: 'cut' }));
  const request = { password: 'correct horse battery', sign_out_of_other_sessions: true, public_metadata: { a: 1 } };
  const id = await insert({ user_id: ADA, request });
  await send();
  // What Clerk has answered so far is in the tables.
  expect([
    ...(await sql`select password_last_updated_at > now() - interval '1 minute' as set from clerk.users`),
  ]).toEqual([{ set: true }]);
  await sendAgain();
  await sendAgain();
  expect(await read(id)).toMatchObject({
    state: 'succeeded',
    attempts: 3,
    calls: [`${PATCH} 200 applied`, `${PUT} 500 unclear`, `${PUT} null unclear`, `${PUT} 200 applied`],
    request: { password: '[erased]', sign_out_of_other_sessions: true, public_metadata: { a: 1 } },
  });
  expect(clerk.writes.flatMap(({ orders }) => orders)).toEqual(['password', 'sign_out_of_other_sessions']);
});

test('a password that was set is seen by its time; other orders are never sent twice, and their request is rejected', async () => {
  const { clerk, insert, send, sendAgain, read } = await useUserUpdates();
  const requests = [
    { password: 'correct horse battery', sign_out_of_other_sessions: true, first_name: ' Grace ' },
    { password: 'correct horse battery' },
    { totp_secret: 'JBSWY3DPEHPK3PXP' },
    { notify_primary_email_address_changed: true, first_name: 'Mary' },
  ];
  clerk.intercept(({ method, body }) => {
    if (method !== 'PATCH') return;
    const fault = { kind: 'status', status: 500 } as const;
    return body.includes('Grace') || body.includes('Mary') ? { kind: 'applied', fault } : fault;
  });
  const ids: number[] = [];
  for (const request of requests) {
    ids.push(await insert({ user_id: ADA, request }));
    await send();
    await sendAgain();
  }
  const rows = await Promise.all(ids.map(read));
  expect(rows.map(({ state, calls, error }) => ({ state, calls, error }))).toEqual([
    { state: 'succeeded', calls: [`${PATCH} 500 applied`], error: null },
    { state: 'rejected', calls: [`${PATCH} 500 unclear`], error: UNKNOWN },
    { state: 'rejected', calls: [`${PATCH} 500 unclear`], error: UNKNOWN },
    { state: 'rejected', calls: [`${PATCH} 500 unclear`], error: UNKNOWN },
  ]);
  expect(rows.map(({ request }) => request)).toEqual([
    { ...requests[0], password: '[erased]' },
    { password: '[erased]' },
    { totp_secret: '[erased]' },
    requests[3],
  ]);
});

test('of a process that was killed the next one takes over, once the lease has ended, and looks first', async () => {
  const { clerk, insert, send, read, sql, listChanges } = await useUserUpdates();
  const ids = [
    await insert({ user_id: ADA, request: { first_name: 'Grace' } }),
    await insert({ user_id: makeUserId(1), request: { totp_secret: 'JBSWY3DPEHPK3PXP' } }),
  ];
  // As the row is while a call is under way.
  const kill = (id: number, path: string, leaseMs: number) => sql`
    update clerk.user_updates set state = 'sending', attempts = 1, lease_until = now() + ${leaseMs} * interval '1 ms',
      calls = jsonb_build_array(jsonb_build_object('call', 'user', 'method', 'PATCH', 'path', ${path}::text, 'at',
        to_jsonb(now()), 'status', null, 'outcome', 'unclear'))
    where id = ${id}`;
  await kill(ids[0] as number, `/users/${ADA}`, 60_000);
  await kill(ids[1] as number, `/users/${makeUserId(1)}`, 60_000);
  expect(await send()).toEqual({ succeeded: 0, rejected: 0, pending: 0 });
  expect(clerk.requests).toEqual([]);
  await sql`update clerk.user_updates set lease_until = now() - interval '1 ms'`;
  expect(await send()).toEqual({ succeeded: 1, rejected: 1, pending: 0 });
  expect(await read(ids[0] as number)).toMatchObject({ state: 'succeeded', attempts: 2 });
  expect(await read(ids[1] as number)).toMatchObject({
    state: 'rejected',
    error: UNKNOWN,
    request: { totp_secret: '[erased]' },
  });
  expect(listChanges()).toEqual([PATCH]);
});

test('who was too slow writes nothing any more, and sends nothing', async () => {
  const { insert, send, read, sql, scene, listChanges, lines } = await useUserUpdates();
  const id = await insert({ user_id: ADA, request: { first_name: 'Grace' } });
  const takeOver = () => sql`update clerk.user_updates set attempts = attempts + 1 where id = ${id}`;
  const getUser = async (userId: string) => {
    await takeOver();
    return scene.api.getUser(userId);
  };
  await send({ api: { ...scene.api, getUser } });
  expect(listChanges()).toEqual([]);
  expect(await read(id)).toMatchObject({ state: 'sending', attempts: 2, calls: [] });
  await sql`update clerk.user_updates set lease_until = now()`;
  const patchUser = async (userId: string, body: string) => {
    const answer = await scene.changes.patchUser(userId, body);
    await takeOver();
    return answer;
  };
  await send({ changes: { ...scene.changes, patchUser } });
  expect(await read(id)).toMatchObject({ state: 'sending', attempts: 4, calls: [`${PATCH} null unclear`] });
  const warning = { level: 'warn', message: LOST, update_id: id, user_id: ADA };
  expect(lines).toEqual([warning, warning]);
});

test('if a user is erased while a request about them is sent, the log does not blame another process', async () => {
  const { insert, send, sql, pool, scene, lines, listChanges } = await useUserUpdates();
  const id = await insert({ user_id: ADA, request: { first_name: 'Grace' } });
  const patchUser = async (userId: string, body: string) => {
    const answer = await scene.changes.patchUser(userId, body);
    await eraseUser(pool, ADA);
    return answer;
  };
  await send({ changes: { ...scene.changes, patchUser } });
  expect(listChanges()).toEqual([PATCH]);
  expect(await sql`select from clerk.user_updates`).toHaveLength(0);
  expect(lines).toEqual([{ level: 'warn', message: LOST, update_id: id, user_id: ADA }]);
});

test('a 409 that passes is tried again without end, an unknown one five times, and that of a directory is final', async () => {
  const { clerk, insert, send, sendAgain, read } = await useUserUpdates();
  const codes = new Map([
    [makeUserId(0), 'resource_locked'],
    [makeUserId(1), 'something_new'],
    [makeUserId(2), 'attribute_managed_by_scim'],
  ]);
  clerk.intercept(({ method, path }) =>
    method === 'GET' ? undefined : { kind: 'status', status: 409, code: codes.get(path.split('/')[2] ?? '') ?? '' },
  );
  const ids = await Promise.all(
    [...codes.keys()].map((user_id) => insert({ user_id, request: { first_name: 'Grace' } })),
  );
  await send();
  for (let time = 0; time < 6; time++) await sendAgain();
  const rows = await Promise.all(ids.map(read));
  expect(rows.map(({ state, calls, error }) => [state, calls.length, (error as [{ code: string }])?.[0].code])).toEqual(
    [
      ['pending', 7, undefined],
      ['rejected', 5, 'something_new'],
      ['rejected', 1, 'attribute_managed_by_scim'],
    ],
  );
});

test('a key that Clerk does not accept stops everything and rejects nothing', async () => {
  const { clerk, insert, send, read, listChanges } = await useUserUpdates();
  const ids = await Promise.all(
    [0, 1].map((n) => insert({ user_id: makeUserId(n), request: { first_name: 'Grace' } })),
  );
  clerk.intercept(({ method }) => (method === 'PATCH' ? { kind: 'status', status: 401 } : undefined));
  await expect(send()).rejects.toThrow('Clerk does not accept the secret key');
  expect(listChanges().length).toBeLessThanOrEqual(2);
  clerk.intercept(() => ({ kind: 'status', status: 401 }));
  await expect(send()).rejects.toThrow('Clerk does not accept the secret key');
  expect((await Promise.all(ids.map(read))).map(({ state, attempts, error }) => ({ state, attempts, error }))).toEqual(
    ids.map(() => ({ state: 'pending', attempts: 0, error: null })),
  );
  clerk.intercept(undefined);
  expect(await send()).toEqual({ succeeded: 2, rejected: 0, pending: 0 });
});

test('where there is no way to Clerk, nothing counts as sent', async () => {
  const { insert, send, sendAgain, read, scene, clerk } = await useUserUpdates();
  const id = await insert({ user_id: ADA, request: { password: 'correct horse battery' } });
  const patchUser = async () => ({ kind: 'not_sent' }) as const;
  expect(await send({ changes: { ...scene.changes, patchUser } })).toEqual({ succeeded: 0, rejected: 0, pending: 1 });
  expect(await read(id)).toMatchObject({ state: 'pending', attempts: 1, calls: [] });
  clerk.intercept(({ method }) => (method === 'GET' ? { kind: 'status', status: 500 } : undefined));
  await expect(sendAgain()).rejects.toThrow('status 500');
  clerk.intercept(undefined);
  expect(await sendAgain()).toEqual({ succeeded: 1, rejected: 0, pending: 0 });
  expect(await read(id)).toMatchObject({ state: 'succeeded', attempts: 2, calls: [`${PATCH} 200 applied`] });
});

test('with the key of another instance nothing is sent', async () => {
  const { insert, send, sql, clerk } = await useUserUpdates();
  await sql`
    insert into clerk.users (id, instance_id, observed_at, last_message_id, synced_at, stated_keys)
    values ('user_other', 'ins_other', now(), 'msg', now(), 0)`;
  await insert({ user_id: ADA, request: { first_name: 'Grace' } });
  await expect(send()).rejects.toThrow('The users in this database are of another Clerk instance (ins_other)');
  expect(clerk.requests.map(({ path }) => path)).toEqual(['/instance']);
});
