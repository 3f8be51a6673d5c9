import { describe, expect, test } from 'vitest';
import type { FakeClerk } from '../../support/fake-clerk/fake-clerk.ts';
import {
  FIRST_CREATED_MS,
  makeApiUser,
  makeUserId,
  USER_SHAPES,
  type UserShape,
} from '../../support/fake-clerk/make-api-user.ts';
import { spawnFakeClerk } from '../../support/fake-clerk/spawn-fake-clerk.ts';
import { useFakeClerk } from '../../support/fake-clerk/use-fake-clerk.ts';

/** Clerk's rules as Clerk documents them, so that the tests which lean on the fake lean on those. */

async function ask({ url, secretKey }: Pick<FakeClerk, 'url' | 'secretKey'>, path: string, key = secretKey) {
  const response = await fetch(`${url}/v1${path}`, { headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

/** The numbers of the users on a page. */
async function list(clerk: Pick<FakeClerk, 'url' | 'secretKey'>, search: string): Promise<number[]> {
  const { body } = await ask(clerk, `/users?${search}`);
  return body.map(({ id }: { id: string }) => Number(id.slice(-7)));
}

function makeUsers(count: number) {
  return Array.from({ length: count }, (_, n) => makeApiUser(n));
}

function refusal(parameter: string, why: string) {
  const message = `${parameter} ${why}`;
  return {
    errors: [{ message, long_message: message, code: 'form_param_value_invalid', meta: { param_name: parameter } }],
    clerk_trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  };
}

describe('GET /users', () => {
  test('is a bare array, 10 long, the newest first', async () => {
    const clerk = await useFakeClerk({ users: makeUsers(12) });
    const { status, headers, body } = await ask(clerk, '/users');
    expect({ status, type: headers.get('content-type'), body }).toEqual({
      status: 200,
      type: 'application/json',
      body: [11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((n) => makeApiUser(n)),
    });
  });

  test('serves up to 500, and 10 where more are asked for', async () => {
    const clerk = await useFakeClerk({ users: makeUsers(520) });
    const lengths = await Promise.all(
      [1, 499, 500, 501, 1000].map(async (n) => (await list(clerk, `limit=${n}`)).length),
    );
    expect(lengths).toEqual([1, 499, 500, 10, 10]);
  });

  test('orders both ways, and by what changes', async () => {
    const clerk = await useFakeClerk({ users: makeUsers(4) });
    clerk.setUser(makeApiUser(1, { updated_at: FIRST_CREATED_MS * 2, last_active_at: null }));
    const orders = ['%2Bcreated_at', 'created_at', '-created_at', '-updated_at', '%2Bupdated_at', 'last_active_at'];
    expect(await Promise.all(orders.map((order) => list(clerk, `order_by=${order}`)))).toEqual([
      [0, 1, 2, 3],
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 3, 2, 0],
      [0, 2, 3, 1],
      [0, 2, 3, 1],
    ]);
  });

  test('goes on behind a user, in both orders', async () => {
    const clerk = await useFakeClerk({ users: makeUsers(6) });
    const cursor = `starting_after=${makeUserId(2)}&limit=2`;
    expect(await list(clerk, `order_by=%2Bcreated_at&${cursor}`)).toEqual([3, 4]);
    expect(await list(clerk, cursor)).toEqual([1, 0]);
  });

  test('skips as many as the offset says, so that a deletion shifts the next page and a cursor does not', async () => {
    const clerk = await useFakeClerk({ users: makeUsers(6) });
    expect(await list(clerk, 'order_by=%2Bcreated_at&limit=2')).toEqual([0, 1]);
    clerk.deleteUser(makeUserId(0));
    expect(await list(clerk, 'order_by=%2Bcreated_at&limit=2&offset=2')).toEqual([3, 4]);
    expect(await list(clerk, `order_by=%2Bcreated_at&limit=2&starting_after=${makeUserId(1)}`)).toEqual([2, 3]);
  });

  test('filters by time, without the moment itself, and tells users of one moment apart by a cursor', async () => {
    const users = [0, 1, 2, 3].map((n) => makeApiUser(n, { created_at: FIRST_CREATED_MS + (n === 0 ? 0 : 1) }));
    const clerk = await useFakeClerk({ users });
    const order = 'order_by=%2Bcreated_at';
    expect(await list(clerk, `${order}&created_at_after=${FIRST_CREATED_MS}`)).toEqual([1, 2, 3]);
    expect(await list(clerk, `${order}&created_at_before=${FIRST_CREATED_MS + 1}`)).toEqual([0]);
    expect(await list(clerk, `${order}&starting_after=${makeUserId(2)}`)).toEqual([3]);
  });

  test.each([
    ['limit=0', 'limit', 'must be greater than 0'],
    ['limit=many', 'limit', 'must be greater than 0'],
    ['offset=-1', 'offset', 'must be 0 or greater'],
    ['order_by=shoe_size', 'order_by', 'is not a known order'],
    // A plus that is not escaped is a space.
    ['order_by=+created_at', 'order_by', 'is not a known order'],
    [`order_by=-updated_at&starting_after=${makeUserId(0)}`, 'starting_after', 'needs order_by created_at'],
    [`offset=1&starting_after=${makeUserId(0)}`, 'starting_after', 'excludes offset'],
    ['starting_after=user_gone', 'starting_after', 'is not a known user'],
    ['created_at_after=yesterday', 'created_at_after', 'must be a time in ms'],
  ])('answers 422 to %s', async (search, parameter, why) => {
    const clerk = await useFakeClerk({ users: makeUsers(2) });
    const { status, body } = await ask(clerk, `/users?${search}`);
    expect({ status, body }).toEqual({ status: 422, body: refusal(parameter, why) });
  });
});

test('the count, one user and the instance are as Clerk serves them', async () => {
  const clerk = await useFakeClerk({ users: makeUsers(3) });
  clerk.setUser(makeApiUser(1, { first_name: 'Grace' }));
  const paths = [
    '/users/count',
    `/users/count?created_at_after=${FIRST_CREATED_MS}`,
    `/users/${makeUserId(1)}`,
    '/instance',
  ];
  const answers = await Promise.all(paths.map(async (path) => (await ask(clerk, path)).body));
  expect(answers).toEqual([
    { object: 'total_count', total_count: 3 },
    { object: 'total_count', total_count: 2 },
    makeApiUser(1, { first_name: 'Grace' }),
    { object: 'instance', id: clerk.instanceId, environment_type: 'production', allowed_origins: null },
  ]);
});

test('a user who is not there is a 404, and a wrong key a 401, in Clerk’s words', async () => {
  const clerk = await useFakeClerk();
  const unknown = await ask(clerk, '/users/user_gone');
  const refused = await ask(clerk, '/users', 'sk_live_another');
  const shape = { message: expect.any(String), long_message: expect.any(String) };
  expect([unknown, refused].map(({ status, body }) => ({ status, body }))).toEqual([
    { status: 404, body: { errors: [{ ...shape, code: 'resource_not_found' }], clerk_trace_id: expect.any(String) } },
    { status: 401, body: { errors: [{ ...shape, code: 'clerk_key_invalid' }], clerk_trace_id: expect.any(String) } },
  ]);
});

test('too many requests are a 429 that says how many seconds to wait', async () => {
  const clerk = await useFakeClerk({ rateLimit: { requests: 2, perMs: 5000 } });
  const answers = [await ask(clerk, '/users'), await ask(clerk, '/users'), await ask(clerk, '/users')];
  expect(answers.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual([
    [200, null],
    [200, null],
    [429, '5'],
  ]);
});

test('its clock can be wrong, and it records what came', async () => {
  const clerk = await useFakeClerk({ clockOffsetMs: 3_600_000 });
  const { headers } = await ask(clerk, '/users?limit=3&order_by=%2Bcreated_at');
  const aheadMs = Date.parse(headers.get('date') ?? '') - Date.now();
  expect(Math.abs(aheadMs - 3_600_000)).toBeLessThan(10_000);
  expect(clerk.requests).toEqual([
    {
      ...{ method: 'GET', path: '/users', body: '', place: 0, at: expect.any(Number) },
      query: { limit: '3', order_by: '+created_at' },
      headers: expect.objectContaining({ authorization: `Bearer ${clerk.secretKey}` }),
    },
  ]);
});

test.each(Object.keys(USER_SHAPES) as UserShape[])(
  'the fake in a process of its own says the same: %s',
  async (shape) => {
    const users = makeUsers(1203).map((_, n) => USER_SHAPES[shape](n));
    const [child, clerk] = [await spawnFakeClerk(1203, shape), await useFakeClerk({ users })];
    const order = 'order_by=%2Bcreated_at';
    const paths = [
      `/users?${order}&limit=500`,
      `/users?${order}&limit=500&starting_after=${makeUserId(999)}`,
      `/users?${order}&limit=500&starting_after=${makeUserId(1202)}`,
      `/users?${order}&limit=501`,
      '/users?order_by=-updated_at&limit=5&offset=2',
      '/users/count',
      `/users/${makeUserId(1202)}`,
    ];
    for (const path of paths) expect((await ask(child, path)).body).toEqual((await ask(clerk, path)).body);
    for (const path of [`/users/${makeUserId(1203)}`, '/users/user_gone']) {
      expect((await ask(child, path)).status).toBe(404);
    }
    expect((await child.readListQueries()).length).toBe(5);
    await child.close();
  },
);
