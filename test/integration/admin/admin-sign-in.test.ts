import { describe, expect, test } from 'vitest';
import { ADMIN_TOKEN, READER_TOKEN, useAdmin } from '../../support/use-admin.ts';

/** What matters of an answer to somebody who may not be signed in. */
function readTurn(response: Response) {
  return { status: response.status, location: response.headers.get('location') };
}

const page = { status: 200, location: null };
const signInPage = { status: 303, location: './sign-in?to=overview' };

test('whoever signs in sees the page that they came for', async () => {
  const { visit, post, sql, logs } = await useAdmin();
  expect(readTurn(await visit(''))).toEqual({ status: 303, location: './admin/overview' });
  expect(readTurn(await visit('/'))).toEqual({ status: 303, location: './overview' });
  expect(readTurn(await visit('/overview'))).toEqual(signInPage);
  const asked = await visit('/actions?before=7');
  expect(readTurn(asked)).toEqual({ status: 303, location: './sign-in?to=actions%3Fbefore%3D7' });
  const form = await (await visit('/sign-in?to=actions%3Fbefore%3D7')).text();
  expect(form).toContain('action="./sign-in?to=actions%3Fbefore%3D7"');
  const signedIn = await post('/sign-in?to=actions%3Fbefore%3D7', {
    token: ` ${ADMIN_TOKEN}\n`,
    name: ' Ada\u0000 <b> ',
  });
  expect(readTurn(signedIn)).toEqual({ status: 303, location: './actions?before=7' });
  expect(readTurn(await visit('/actions?before=7'))).toEqual(page);
  expect(readTurn(await visit('/sign-in'))).toEqual({ status: 303, location: './overview' });
  expect([...(await sql`select role, actor, expires_at - created_at as lasts from clerk.admin_sessions`)]).toEqual([
    { role: 'operator', actor: 'Ada <b>', lasts: '12:00:00' },
  ]);
  expect(await (await visit('/overview')).text()).toContain('Ada &lt;b&gt;');
  expect(JSON.stringify(logs)).not.toMatch(/Ada|token-of/);
});

test('whoever gives no name is called operator', async () => {
  const { signIn, sql } = await useAdmin();
  await signIn(READER_TOKEN, ' ');
  expect([...(await sql`select role, actor from clerk.admin_sessions`)]).toEqual([
    { role: 'reader', actor: 'operator' },
  ]);
});

test('a sign-in leads to a page and to nothing else', async () => {
  const { post } = await useAdmin();
  const others = [
    '//evil.example',
    'javascript:alert(1)',
    '../webhooks/clerk',
    'overview?\\evil.example',
    'overview#x',
    'overview?x\r\nset-cookie: a=b',
    'overview?x\0',
  ];
  for (const to of others) {
    const answer = await post(`/sign-in?to=${encodeURIComponent(to)}`, { token: ADMIN_TOKEN });
    expect({ to, ...readTurn(answer) }).toEqual({ to, status: 303, location: './overview' });
  }
});

test('a body that is no form is refused, and says what to do', async () => {
  const { signIn, visit, logs } = await useAdmin();
  const send = async (url: string) => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const answer = await visit(url, { method: 'POST', headers, body: 'no form' });
    return { status: answer.status, text: await answer.text() };
  };
  const refused = { status: 400, text: expect.stringContaining('The body of the request is not a form. Correct it.') };
  expect(await send('/sign-in')).toEqual(refused);
  await signIn();
  for (const url of [
    '/dead-letters/msg_0/discard',
    '/dead-letters/msg_0/edit',
    '/replay-runs',
    '/replay-runs/preview',
  ]) {
    expect({ url, ...(await send(url)) }).toEqual({ url, ...refused });
  }
  expect(logs.filter(({ level }) => level !== 'info')).toEqual([]);
});

test('a wrong token is refused with the form, and leaves no session', async () => {
  const { signIn, visit, sql, logs } = await useAdmin();
  for (const token of ['', 'wrong', `${ADMIN_TOKEN}x`, ADMIN_TOKEN.slice(0, -1), ADMIN_TOKEN.toUpperCase()]) {
    const answer = await signIn(token);
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([401, []]);
    const text = await answer.text();
    expect(text).toContain('This token is wrong.');
    expect(text).not.toContain(ADMIN_TOKEN);
  }
  expect(readTurn(await visit('/overview'))).toEqual(signInPage);
  expect([...(await sql`select 1 from clerk.admin_sessions`)]).toEqual([]);
  expect(logs.map(({ level, reason }) => ({ level, reason }))).toEqual(
    Array.from({ length: 5 }, () => ({ level: 'warn', reason: 'unauthorized' })),
  );
});

test('without a second token nobody is a reader', async () => {
  const { signIn } = await useAdmin({ readonlyToken: undefined });
  for (const token of [READER_TOKEN, 'undefined', '\0', '0'.repeat(64)]) expect((await signIn(token)).status).toBe(401);
});

describe('the cookie', () => {
  test.each([
    [
      'behind a proxy that ends TLS',
      { host: 'ops.example', 'x-forwarded-proto': 'https' },
      /^__Host-clerk_sync_admin=[^;]+; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    ],
    [
      'on localhost',
      { host: 'localhost:3000' },
      /^clerk_sync_admin=[^;]+; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    ],
    [
      'on the loopback address',
      { host: '127.0.0.1:3000' },
      /^clerk_sync_admin=[^;]+; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    ],
    [
      'on the loopback address of IPv6',
      { host: '[::1]' },
      /^clerk_sync_admin=[^;]+; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    ],
  ])('%s is as strict as browsers allow', async (_, headers, expected) => {
    const { post } = await useAdmin();
    const answer = await post('/sign-in', { token: ADMIN_TOKEN }, headers);
    expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(expected)]);
  });

  test('is not given on a network in plain text, and the page says that https is needed', async () => {
    const { post, visit } = await useAdmin();
    for (const host of [
      'ops.example',
      '10.0.0.7:3000',
      'localhost.evil.example',
      'notlocalhost',
      '127.0.0.1.evil.example',
    ]) {
      const answer = await post('/sign-in', { token: ADMIN_TOKEN }, { host });
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []]);
      const shown = await visit('/sign-in', { headers: { host } });
      const text = await shown.text();
      expect(text).toContain('Signing in needs https');
      expect(text).not.toContain('<form');
    }
  });

  test('is worth nothing after the sign-out, also in another process', async () => {
    const { library, signIn, visit, post, getCookie, sql } = await useAdmin();
    await signIn();
    const cookie = getCookie();
    const other = await useAdmin({ on: library });
    other.setCookie(cookie);
    expect(readTurn(await other.visit('/overview'))).toEqual(page);

    expect(readTurn(await post('/sign-out'))).toEqual({ status: 303, location: './sign-in?done=signed_out' });
    expect(getCookie()).toBe('');
    expect([...(await sql`select 1 from clerk.admin_sessions`)]).toEqual([]);
    for (const copied of [{ visit }, other]) {
      expect(readTurn(await copied.visit('/overview', { headers: { cookie } }))).toEqual(signInPage);
    }
  });

  test('is worth nothing if somebody made or changed it', async () => {
    const { signIn, visit, getCookie, sql } = await useAdmin();
    await signIn();
    const cookie = getCookie();
    const [name, value = ''] = cookie.split('=');
    const [id = '', signature = ''] = decodeURIComponent(value).split('.');
    const [row] = await sql`select session_id from clerk.admin_sessions`;
    const forged = [
      `${name}=${id}`,
      `${name}=${id}.`,
      `${name}=${id}.${Buffer.alloc(32).toString('base64')}`,
      `${name}=${id.slice(1)}x.${signature}`,
      `${name}=${row?.session_id}.${signature}`,
      `${name}=${encodeURIComponent(`${id}.${signature.slice(0, -3)}AA=`)}`,
      `__Host-${cookie}`,
      `${name}=%00%ff.%`,
    ];
    for (const wrong of forged) {
      expect(readTurn(await visit('/overview', { headers: { cookie: wrong } })), wrong).toEqual(signInPage);
    }
    expect(readTurn(await visit('/overview', { headers: { cookie } }))).toEqual(page);
  });

  test('is worth nothing when its session has expired or its row was deleted', async () => {
    const { signIn, visit, sql } = await useAdmin();
    await signIn();
    await sql`update clerk.admin_sessions set expires_at = now() - interval '1 second'`;
    expect(readTurn(await visit('/overview'))).toEqual(signInPage);
    await signIn();
    expect([...(await sql`select expires_at > now() as valid from clerk.admin_sessions`)]).toEqual([{ valid: true }]);
    await sql`delete from clerk.admin_sessions`;
    expect(readTurn(await visit('/overview'))).toEqual(signInPage);
  });

  test.each([
    ['token', { token: 'another-token-of-the-operators' }],
    ['token for readers', { readonlyToken: 'another-token-of-the-readers!' }],
  ])('is worth nothing after a change of the %s', async (_, config) => {
    const { library, signIn, visit, getCookie } = await useAdmin();
    await signIn();
    const changed = await useAdmin({ on: library, ...config });
    changed.setCookie(getCookie());
    expect(readTurn(await changed.visit('/overview'))).toEqual(signInPage);
    expect(readTurn(await visit('/overview'))).toEqual(page);
  });
});

test('a link on another site leads a signed-in operator to its page', async () => {
  const { visit, signIn, getCookie, setCookie } = await useAdmin();
  await signIn();
  const cookie = getCookie();
  // The browser keeps a strict cookie back from a request that another site has caused.
  setCookie('');
  const answer = await visit('/actions?before=7', { headers: { 'sec-fetch-site': 'cross-site' } });
  const [, next = ''] = /content="0; url=\.([^"]+)"/.exec(await answer.text()) ?? [];
  expect([answer.status, next]).toEqual([200, '/sign-in?to=actions%3Fbefore%3D7']);
  setCookie(cookie);
  expect(readTurn(await visit(next))).toEqual({ status: 303, location: './actions?before=7' });
});
