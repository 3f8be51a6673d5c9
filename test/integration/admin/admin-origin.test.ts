import { expect, test } from 'vitest';
import { ADMIN_TOKEN, useAdmin } from '../../support/use-admin.ts';

/** The status of a sign-in with a right token: 303 if it is let in, 403 if it seems to come from elsewhere. */
async function trySignIn(app: Awaited<ReturnType<typeof useAdmin>>['app'], headers: Record<string, string>) {
  const answer = await app.request('/admin/sign-in', {
    method: 'POST',
    body: new URLSearchParams({ token: ADMIN_TOKEN }),
    headers,
  });
  return answer.status;
}

const tls = { host: 'ops.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' };

const requests: readonly (readonly [from: string, status: number, headers: Record<string, string>])[] = [
  ['from a page of this host', 303, { 'sec-fetch-site': 'same-origin', host: 'localhost:3000' }],
  ['behind a proxy that ends TLS', 303, { ...tls, 'sec-fetch-site': 'same-origin', origin: 'https://ops.example' }],
  [
    'behind a proxy that changes Host',
    303,
    { ...tls, 'sec-fetch-site': 'same-origin', host: 'localhost:3000', origin: 'https://ops.example' },
  ],
  ['from an old browser', 303, { host: 'localhost:3000', origin: 'http://localhost:3000' }],
  ['from an old browser, behind a proxy that ends TLS', 303, { ...tls, origin: 'https://ops.example' }],
  [
    'from an old browser, with the port of https',
    303,
    { ...tls, host: 'ops.example:443', origin: 'https://ops.example' },
  ],
  ['from another site', 403, { ...tls, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
  [
    'from another site that says an origin of ours',
    403,
    { ...tls, 'sec-fetch-site': 'cross-site', origin: 'https://ops.example' },
  ],
  [
    'from a neighbour of the same site',
    403,
    { ...tls, 'sec-fetch-site': 'same-site', origin: 'https://www.ops.example' },
  ],
  ['from the address bar', 403, { ...tls, 'sec-fetch-site': 'none' }],
  ['from another site, by an old browser', 403, { ...tls, origin: 'https://evil.example' }],
  ['from another port, by an old browser', 403, { host: 'localhost:3000', origin: 'http://localhost:4000' }],
  ['from a host whose name begins with ours', 403, { ...tls, origin: 'https://ops.example.evil.example' }],
  ['from a frame without an origin', 403, { ...tls, origin: 'null' }],
  ['from a file, with an empty Host', 403, { ...tls, host: '', origin: 'file://' }],
  ['from an origin without a host, with an empty Host', 403, { ...tls, host: '', origin: 'data:' }],
  ['from nowhere', 403, { ...tls }],
];

test('a request that changes something has to come from a page of this host', async () => {
  const { app } = await useAdmin();
  for (const [from, status, headers] of requests) {
    expect({ from, status: await trySignIn(app, headers) }).toEqual({ from, status });
  }
});

test('a request from another site signs nobody out, and its cookie changes nothing', async () => {
  const { signIn, visit, post, sql } = await useAdmin();
  await signIn();
  const answer = await post('/sign-out', {}, { 'sec-fetch-site': 'cross-site' });
  expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []]);
  expect(await answer.text()).toContain('This request did not come from a page of this service');
  expect((await visit('/overview')).status).toBe(200);
  expect([...(await sql`select actor from clerk.admin_sessions`)]).toEqual([{ actor: 'Ada' }]);
});
