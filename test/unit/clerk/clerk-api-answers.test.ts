import { describe, expect, test } from 'vitest';
import { FIRST_CREATED_MS, makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { openFakeApi } from '../../support/fake-clerk/open-fake-api.ts';
import { useFakeClerk } from '../../support/fake-clerk/use-fake-clerk.ts';

async function useApi(count = 3) {
  const clerk = await useFakeClerk({ users: Array.from({ length: count }, (_, n) => makeApiUser(n)) });
  return { clerk, api: openFakeApi(clerk, { userAgent: 'clerk-sync/1.2.3' }) };
}

test('a request has the key, the API’s version and a name', async () => {
  const { clerk, api } = await useApi();
  await api.countUsers();
  expect(clerk.requests[0]?.headers).toMatchObject({
    accept: 'application/json',
    authorization: `Bearer ${clerk.secretKey}`,
    'clerk-api-version': '2026-05-12',
    'user-agent': 'clerk-sync/1.2.3',
  });
});

test('a page is asked for by a cursor, by a time, and by when users have changed', async () => {
  const { clerk, api } = await useApi(6);
  const createdAfter = new Date(FIRST_CREATED_MS + 3000);
  const pages = [
    await api.listUsers({ order: 'created_at' }),
    await api.listUsers({ order: 'created_at', startingAfter: makeUserId(1), limit: 2 }),
    await api.listUsers({ order: 'created_at', createdAfter, limit: 2 }),
    await api.listUsers({ order: '-updated_at', offset: 1, limit: 3 }),
  ];
  expect(pages.map(({ users, isFull }) => [...users.map(({ id }) => Number(id?.slice(-7))), isFull])).toEqual([
    [0, 1, 2, 3, 4, 5, false],
    [2, 3, true],
    [4, 5, true],
    [4, 3, 2, true],
  ]);
  expect(clerk.requests.map(({ query }) => query)).toEqual([
    { limit: '500', order_by: '+created_at' },
    { limit: '2', order_by: '+created_at', starting_after: makeUserId(1) },
    { limit: '2', order_by: '+created_at', created_at_after: String(createdAfter.getTime()) },
    { limit: '3', order_by: '-updated_at', offset: '1' },
  ]);
});

test('a user is observed before the request, however long the answer takes', async () => {
  const { clerk, api } = await useApi();
  const before = Date.now();
  let arrivedAt = 0;
  clerk.intercept(({ at }) => {
    arrivedAt = at;
    return { kind: 'slow', ms: 50 };
  });
  const [one, page] = [await api.getUser(makeUserId(0)), await api.listUsers({ order: 'created_at' })];
  expect(one?.observedAt.getTime()).toBeGreaterThanOrEqual(before);
  expect(page.observedAt.getTime()).toBeLessThanOrEqual(arrivedAt);
  expect(page.observedAt.getTime()).toBeGreaterThanOrEqual((one?.observedAt.getTime() ?? 0) + 50);
});

test('a second attempt is observed before itself', async () => {
  const { clerk, api } = await useApi();
  clerk.intercept(({ place }) => (place === 0 ? { kind: 'status', status: 500 } : undefined));
  const observedAt = (await api.getUser(makeUserId(0)))?.observedAt.getTime() ?? 0;
  expect(observedAt).toBeGreaterThanOrEqual(clerk.requests[0]?.at ?? Number.NaN);
});

describe('a bad element of a page', () => {
  const BAD: readonly (readonly [string, string | null, string])[] = [
    ['null', null, 'invalid_shape'],
    ['42', null, 'invalid_shape'],
    ['[]', null, 'invalid_shape'],
    ['{}', null, 'missing_user_id'],
    ['{"id":""}', null, 'missing_user_id'],
    ['{"id":7}', null, 'missing_user_id'],
    [`{"id":"${'u'.repeat(300)}"}`, null, 'missing_user_id'],
    ['{"id":"user_bad","banned":"yes"}', 'user_bad', 'invalid_shape'],
    ['{"id":"user_bad","email_addresses":[{"id":"idn_1","email_address":7}]}', 'user_bad', 'invalid_shape'],
  ];

  test.each(BAD)('costs no other: %s', async (text, id, reason) => {
    const { clerk, api } = await useApi();
    const [first, last] = [JSON.stringify(makeApiUser(0)), JSON.stringify(makeApiUser(1))];
    clerk.intercept(() => ({ kind: 'body', text: `[${first},${text},${last}]` }));
    const { users, isFull } = await api.listUsers({ order: 'created_at', limit: 3 });
    expect(isFull).toBe(true);
    expect(users.map((user) => user.id)).toEqual([makeUserId(0), id, makeUserId(1)]);
    expect(users.map((user) => user.readBody())).toEqual([first, text, last]);
    expect(users[1]).toMatchObject({ user: undefined, unreadable: { reason } });
    expect([users[0]?.user?.id, users[2]?.user?.id]).toEqual([makeUserId(0), makeUserId(1)]);
  });
});

test('every digit of a number is kept', async () => {
  const { clerk, api } = await useApi();
  const big = JSON.rawJSON('9007199254740993');
  const long = JSON.rawJSON('0.1234567890123456789');
  clerk.setUser(makeApiUser(0, { public_metadata: { big }, shoe_size: long }));
  const found = await api.getUser(makeUserId(0));
  const { users } = await api.listUsers({ order: 'created_at', limit: 1 });
  for (const user of [found?.user, users[0]]) {
    expect(JSON.stringify(user?.user?.values.public_metadata)).toBe('{"big":9007199254740993}');
    expect(user?.readBody()).toContain('"shoe_size":0.1234567890123456789');
  }
});

describe('the clock', () => {
  test.each([0, 3_600_000, -90_000])('of Clerk, %d ms ahead, is known after any answer', async (clockOffsetMs) => {
    const clerk = await useFakeClerk({ clockOffsetMs });
    const api = openFakeApi(clerk);
    expect(api.clockOffsetMs).toBeUndefined();
    await expect(api.getUser('user_gone')).resolves.toBeUndefined();
    expect(Math.abs((api.clockOffsetMs ?? Number.NaN) - clockOffsetMs)).toBeLessThan(2000);
  });

  test('stays as it was where an answer does not tell', async () => {
    const { clerk, api } = await useApi();
    await api.countUsers();
    const known = api.clockOffsetMs;
    clerk.intercept(() => ({ kind: 'status', status: 401, headers: { date: 'never' } }));
    await expect(api.countUsers()).rejects.toMatchObject({ code: 'unauthorized' });
    expect(api.clockOffsetMs).toBe(known);
  });
});
