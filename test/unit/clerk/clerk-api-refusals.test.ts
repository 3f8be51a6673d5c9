import { describe, expect, test } from 'vitest';
import { createClerkApi } from '../../../src/clerk/api/clerk-api.ts';
import { isAskable } from '../../../src/clerk/api/is-askable.ts';
import type { Fault } from '../../support/fake-clerk/fake-clerk.ts';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { openFakeApi } from '../../support/fake-clerk/open-fake-api.ts';
import { useFakeClerk } from '../../support/fake-clerk/use-fake-clerk.ts';

const TRACE = "Clerk's trace id a1b2c3d4e5f60718293a4b5c6d7e8f90";
const CALLS = ['listUsers', 'getUser', 'countUsers', 'getInstance'] as const;

async function useApi() {
  const clerk = await useFakeClerk({ users: [0, 1, 2].map((n) => makeApiUser(n)) });
  const api = openFakeApi(clerk);
  const ask = {
    listUsers: () => api.listUsers({ order: 'created_at' }),
    getUser: () => api.getUser(makeUserId(0)),
    countUsers: () => api.countUsers(),
    getInstance: () => api.getInstance(),
  };
  return { clerk, api, ask };
}

const LASTING: readonly (readonly [Fault, string])[] = [
  [
    { kind: 'status', status: 401 },
    `Clerk does not accept the secret key: it is refused (status 401, clerk_key_invalid, ${TRACE}). Copy CLERK_SECRET_KEY again from Clerk's dashboard, under API keys of the instance that sends the webhooks; a key that was rotated or deleted there no longer works.`,
  ],
  [
    { kind: 'status', status: 403 },
    `The Backend API refuses to serve this: it is forbidden (status 403, authorization_invalid, ${TRACE}). Look in Clerk's dashboard whether the instance and the key in CLERK_SECRET_KEY are active, and whether a proxy or a firewall stands between here and Clerk.`,
  ],
  [
    { kind: 'status', status: 400 },
    `The Backend API does not understand the request: it is refused (status 400, bad_request, ${TRACE}). Look for a newer version of clerk-sync: Clerk's API may have changed.`,
  ],
  [
    { kind: 'status', status: 302, headers: { location: 'https://elsewhere.example/' } },
    "Clerk's Backend API is not at this address: it points elsewhere (status 302). Leave CLERK_API_URL unset, or set it to the address in front of /v1. If it is right, a proxy or a firewall between here and Clerk may answer.",
  ],
];

describe.each(CALLS)('%s', (call) => {
  test.each(LASTING)('ends at once on %o', async (fault, message) => {
    const { clerk, ask } = await useApi();
    clerk.intercept(() => fault);
    await expect(ask[call]()).rejects.toMatchObject({ name: 'ClerkApiError', message });
    expect(clerk.requests.length).toBe(1);
  });
});

test('an error quotes neither the key nor what was typed', async () => {
  const { clerk, ask } = await useApi();
  const error = { message: 'ada@example.com', long_message: 'ada@example.com', code: 'ada@example.com' };
  const body = JSON.stringify({ errors: [error], clerk_trace_id: clerk.secretKey.repeat(2) });
  clerk.intercept(() => ({ kind: 'status', status: 422, body }));
  await expect(ask.countUsers()).rejects.toMatchObject({
    problem: 'The Backend API does not understand the request: it is refused (status 422).',
  });
});

test('the key does not follow a redirect', async () => {
  const { clerk, ask } = await useApi();
  const elsewhere = await useFakeClerk();
  const location = `${elsewhere.url}/v1/users/count`;
  for (const status of [301, 302, 303, 307, 308]) {
    clerk.intercept(() => ({ kind: 'status', status, headers: { location } }));
    await expect(ask.countUsers()).rejects.toMatchObject({ code: 'wrong_address', status });
  }
  expect(elsewhere.requests).toEqual([]);
});

describe('a 404', () => {
  test('in Clerk’s words means that there is no such user', async () => {
    const { api } = await useApi();
    expect(await api.getUser('user_gone')).toBeUndefined();
  });

  test.each<Fault>([
    { kind: 'proxy_page', status: 404 },
    { kind: 'status', status: 404, body: '' },
    { kind: 'status', status: 404, body: 'null' },
    { kind: 'status', status: 404, body: '{"errors":[]}' },
    { kind: 'status', status: 404, body: '{"errors":[{"code":"route_not_found"}]}' },
    { kind: 'status', status: 410 },
  ])('or the like, of somebody else, says nothing of a user: %o', async (fault) => {
    const { clerk, api } = await useApi();
    clerk.intercept(() => fault);
    await expect(api.getUser('user_gone')).rejects.toMatchObject({
      name: 'ClerkApiError',
      status: fault.kind && 'status' in fault ? fault.status : 0,
    });
  });

  test('of the instance means that the API does not tell', async () => {
    const { clerk, api } = await useApi();
    clerk.intercept(() => ({ kind: 'status', status: 404, body: '404 page not found' }));
    expect(await api.getInstance()).toBeUndefined();
  });

  test('at a wrong address is no empty instance', async () => {
    const { clerk } = await useApi();
    const api = createClerkApi({ secretKey: clerk.secretKey, apiUrl: `${clerk.url}/wrong` });
    await expect(api.listUsers({ order: 'created_at' })).rejects.toMatchObject({ code: 'wrong_address', status: 404 });
    await expect(api.countUsers()).rejects.toMatchObject({ code: 'wrong_address', status: 404 });
    await expect(api.getUser(makeUserId(0))).rejects.toMatchObject({ code: 'wrong_address', status: 404 });
  });
});

describe('a cursor', () => {
  test.each([400, 404, 422])('that Clerk refuses with %i is told from other refusals', async (status) => {
    const { clerk, api } = await useApi();
    clerk.intercept(() => ({ kind: 'status', status, body: '{"errors":[{"code":"some_code"}]}' }));
    await expect(api.listUsers({ order: 'created_at', startingAfter: 'user_gone' })).rejects.toMatchObject({
      code: 'cursor_unknown',
      problem: `Clerk does not know the user behind whom to go on: it is refused (status ${status}, some_code).`,
    });
  });

  test('that is not there any more is refused', async () => {
    const { api } = await useApi();
    await expect(api.listUsers({ order: 'created_at', startingAfter: 'user_gone' })).rejects.toMatchObject({
      code: 'cursor_unknown',
    });
  });

  test('is not to blame for a proxy’s 404', async () => {
    const { clerk, api } = await useApi();
    clerk.intercept(() => ({ kind: 'proxy_page', status: 404 }));
    await expect(api.listUsers({ order: 'created_at', startingAfter: makeUserId(0) })).rejects.toMatchObject({
      code: 'wrong_address',
    });
  });
});

describe('an id', () => {
  const hostile = [
    '',
    '.',
    '..',
    '../users',
    'count',
    'user_1/metadata',
    'user_1?a=b',
    'user_1#a',
    'user 1',
    'user_é',
    '%2e%2e',
    'a'.repeat(257),
    'user_1\n',
  ];

  test.each(hostile)('that would ask another question is not asked for: %j', async (id) => {
    const { clerk, api } = await useApi();
    expect(isAskable(id)).toBe(false);
    await expect(api.getUser(id)).rejects.toMatchObject({ code: 'bad_request' });
    expect(clerk.requests).toEqual([]);
  });

  test('as a cursor stays one parameter', async () => {
    const { clerk, api } = await useApi();
    const startingAfter = 'user_1&limit=1#é +';
    await expect(api.listUsers({ order: 'created_at', startingAfter })).rejects.toMatchObject({
      code: 'cursor_unknown',
    });
    expect(clerk.requests.map(({ query }) => query)).toEqual([
      { limit: '500', order_by: '+created_at', starting_after: startingAfter },
    ]);
  });
});

test.each([0, -1, 501, 1.5, Number.NaN])('a page of %d users is never asked for', async (limit) => {
  const { clerk, api } = await useApi();
  await expect(api.listUsers({ order: 'created_at', limit })).rejects.toThrow(RangeError);
  expect(clerk.requests).toEqual([]);
});

test.each(['', 'sk_live_', 'pk_live_abc', 'sk_prod_abc', 'sk_live_abc\r\nx: y', 'whsec_abc'])(
  'a key that is none is refused: %j',
  (secretKey) => {
    expect(() => createClerkApi({ secretKey, apiUrl: 'http://127.0.0.1:1' })).toThrow(
      expect.objectContaining({ name: 'ClerkApiError', code: 'unauthorized' }),
    );
  },
);
