import { describe, expect, test } from 'vitest';
import { errorAnswer, makeApp, readAnswer } from '../../support/make-app.ts';
import { ADMIN_TOKEN, READER_TOKEN, useAdmin } from '../../support/use-admin.ts';

type Admin = Awaited<ReturnType<typeof useAdmin>>;

/** Every route that somebody registered, with an id where its path has a parameter. */
function listRoutes({ admin }: Pick<Admin, 'admin'>) {
  const routes = admin.routes.routes.filter(({ method }) => method !== 'ALL');
  const known = new Map(routes.map(({ method, path }) => [`${method} ${path}`, { method, path }]));
  return [...known.values()].map(({ method, path }) => ({ method, url: path.replace(/:\w+(?:\{[^}]*\})?/g, 'x') }));
}

const api = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' });

test('a reader can do nothing, by the page or by the API', async () => {
  const admin = await useAdmin();
  await admin.signIn(READER_TOKEN);
  const acting = listRoutes(admin).filter(({ method, url }) => method !== 'GET' && !/\/sign-(?:in|out)$/.test(url));
  expect(acting.length).toBeGreaterThan(0);
  for (const { method, url } of acting) {
    const below = url.slice('/admin'.length);
    const byPage = await admin.visit(below, { method });
    const byApi = await admin.app.request(url, { method, headers: api(READER_TOKEN), body: '{}' });
    expect({ method, url, page: byPage.status, api: byApi.status }).toEqual({
      ...{ method, url },
      page: below.startsWith('/api/') ? 401 : 403,
      api: 403,
    });
  }
  expect([...(await admin.sql`select action from clerk.admin_actions`)]).toEqual([]);
});

test('whoever is not signed in sees nothing and can do nothing', async () => {
  const admin = await useAdmin();
  const closed = listRoutes(admin).filter(({ url }) => !/\/sign-(?:in|out)$|\/assets\/|^\/admin\/?$/.test(url));
  for (const { method, url } of closed) {
    const answer = await admin.visit(url.slice('/admin'.length), { method });
    const open = url.startsWith('/admin/api/') || method !== 'GET' ? 401 : 303;
    expect({ method, url, status: answer.status }).toEqual({ method, url, status: open });
  }
});

test('every answer forbids what a page does not need, and is not kept', async () => {
  const admin = await useAdmin();
  await admin.signIn();
  const urls = [
    ...listRoutes(admin)
      .filter(({ method }) => method === 'GET')
      .map(({ url }) => url),
    '/admin/nothing',
  ];
  for (const url of urls) {
    const headers = url.startsWith('/admin/api/') ? api(ADMIN_TOKEN) : {};
    const answer = await admin.visit(url.slice('/admin'.length), { headers });
    const read = (name: string) => answer.headers.get(name);
    expect({
      url,
      policy: read('content-security-policy'),
      cache: read('cache-control'),
      sniffing: read('x-content-type-options'),
      referrer: read('referrer-policy'),
      frames: read('x-frame-options'),
      transport: read('strict-transport-security'),
    }).toEqual({
      url,
      policy:
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      cache: 'no-store',
      sniffing: 'nosniff',
      referrer: 'same-origin',
      frames: 'DENY',
      transport: null,
    });
    const text = await answer.text();
    expect(text).not.toMatch(/<style|<script>|style="| on\w+="|javascript:/i);
    expect(text).not.toMatch(/https?:\/\/(?!localhost)/);
  }
});

test('a page is complete with the files that it names, which are kept for ever', async () => {
  const { signIn, visit } = await useAdmin();
  await signIn();
  const text = await (await visit('/overview')).text();
  const names = [...text.matchAll(/(?:href|src)="\.\/(assets\/[^"]+)"/g)].map(([, name]) => name);
  expect(names).toHaveLength(3);
  const answers = await Promise.all(names.map((name) => visit(`/${name}`)));
  expect(
    answers.map(({ status, headers }) => [status, headers.get('content-type'), headers.get('cache-control')]),
  ).toEqual(
    ['image/svg+xml', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8'].map((type) => [
      200,
      type,
      'public, max-age=31536000, immutable',
    ]),
  );
});

test('there is no other file', async () => {
  const { visit, signIn } = await useAdmin();
  await signIn();
  const traversals = [
    '..%2fassets.ts',
    '%2e%2e%2fcreate-admin-app.ts',
    '..%5c..%5cpackage.json',
    '../../../package.json',
  ];
  for (const name of [
    'style.css',
    'assets.ts',
    'constructor',
    '__proto__',
    'style-0000000000000000.css',
    ...traversals,
  ]) {
    const answer = await visit(`/assets/${name}`);
    expect({ name, status: answer.status }).toEqual({ name, status: 404 });
  }
});

describe('a wrong method', () => {
  test('gets 405 with the right ones, as a page or as JSON', async () => {
    const { visit, signIn, app } = await useAdmin();
    await signIn();
    const page = await visit('/overview', { method: 'POST' });
    expect([page.status, page.headers.get('allow'), page.headers.get('content-type')]).toEqual([
      405,
      'GET, HEAD',
      'text/html; charset=UTF-8',
    ]);
    const answer = await app.request('/admin/api/actions', { method: 'DELETE', headers: api(ADMIN_TOKEN) });
    expect(await readAnswer(answer)).toEqual(
      errorAnswer(405, 'method_not_allowed', { headers: { allow: 'GET, HEAD' } }),
    );
  });

  test('is not HEAD, which answers as GET does, without the body', async () => {
    const { visit, signIn } = await useAdmin();
    await signIn();
    const head = await visit('/overview', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });
});

describe('an error', () => {
  test('is a page with a sentence, a code and the id of the request', async () => {
    const { visit, signIn } = await useAdmin();
    await signIn();
    const answer = await visit('/nothing/here', { headers: { 'x-request-id': 'req-7' } });
    const text = await answer.text();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
    for (const part of [
      'There is nothing at this URL.',
      '<code>not_found</code>',
      '<code>req-7</code>',
      'href="../overview"',
    ])
      expect(text).toContain(part);
  });

  test('of a query that took too long says so', async () => {
    const { visit, signIn, sql, logs } = await useAdmin({ statementTimeoutMs: 300 });
    await signIn();
    const answer = await sql.begin(async (transaction) => {
      await transaction`lock table clerk.dead_letters in access exclusive mode`;
      return visit('/dead-letters');
    });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '30']);
    expect(await answer.text()).toContain('The database took too long for this page, so the query was stopped.');
    expect(logs.at(-1)).toMatchObject({ level: 'warn', msg: "a request to the operator's page failed" });
  });

  test('of the database shows nothing of it', async () => {
    const { visit, signIn, sql } = await useAdmin();
    await signIn();
    await sql`alter table clerk.dead_letters rename to gone`;
    const answer = await visit('/dead-letters');
    const text = await answer.text();
    expect([answer.status, text.includes('The database does not answer now.')]).toEqual([503, true]);
    expect(text).not.toMatch(/relation|dead_letters"|at .*\.ts:\d+|42P01/);
  });

  test('is a body that is too large', async () => {
    const { post, signIn } = await useAdmin();
    await signIn();
    const answer = await post('/overview', { body: 'x'.repeat(5 * 1024 * 1024) });
    expect(answer.status).toBe(413);
  });
});

test('no answer has a token, the cookie or a stack in it', async () => {
  const admin = await useAdmin();
  await admin.signIn();
  const secret = decodeURIComponent(admin.getCookie().split('=')[1] ?? '');
  for (const { method, url } of listRoutes(admin)) {
    const headers = url.startsWith('/admin/api/') ? api(ADMIN_TOKEN) : {};
    const init = method === 'GET' ? { headers } : { method, headers, body: '{' };
    if (url.endsWith('/sign-out')) continue;
    const answer = await admin.visit(url.slice('/admin'.length), init);
    const text = `${await answer.text()}${[...answer.headers].join('\n')}`;
    for (const hidden of [ADMIN_TOKEN, READER_TOKEN, secret]) expect(text, `${method} ${url}`).not.toContain(hidden);
    expect(text, `${method} ${url}`).not.toMatch(/\bat .*(?:file:|node:|\/src\/|\.ts:\d+)/);
  }
});

describe('where it is', () => {
  test('is nowhere without a token', async () => {
    const { app } = makeApp();
    for (const url of ['/admin', '/admin/', '/admin/overview', '/admin/api/actions']) {
      expect(await readAnswer(await app.request(url))).toEqual(errorAnswer(404, 'not_found'));
    }
  });

  test('is any path, and nothing beside it', async () => {
    const { app, visit, signIn } = await useAdmin({ path: '/ops/clerk' });
    expect((await signIn()).headers.get('location')).toBe('./overview');
    expect((await visit('/overview')).status).toBe(200);
    expect((await visit('')).headers.get('location')).toBe('./clerk/overview');
    for (const url of ['/admin/overview', '/ops', '/ops/', '/ops/clerks/overview', '/overview']) {
      expect(await readAnswer(await app.request(url))).toEqual(errorAnswer(404, 'not_found'));
    }
    expect((await app.request('/healthz')).status).toBe(200);
  });

  test('may be below a prefix that a proxy strips, because every link is relative', async () => {
    const { signIn, visit } = await useAdmin();
    await signIn();
    for (const [url, root] of [
      ['/overview', './'],
      ['/a/b/c', '../../'],
    ] as const) {
      const text = await (await visit(url)).text();
      const links = [...text.matchAll(/\s(?:href|src|action)="([^"]*)"/g)].map(([, link = '']) => link);
      expect(links.length).toBeGreaterThan(5);
      expect(links.filter((link) => !link.startsWith(root) && link !== '#content')).toEqual([]);
    }
  });
});
