import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { settleBatch } from '../../../src/sync/settle-batch.ts';
import { makeApiUser } from '../../support/fake-clerk/make-api-user.ts';
import { useFakeClerk } from '../../support/fake-clerk/use-fake-clerk.ts';
import { readPage, readTable } from '../../support/read-page.ts';
import { ADMIN_TOKEN, READER_TOKEN, useAdmin } from '../../support/use-admin.ts';
import { useLibrary } from '../../support/use-library.ts';
import { makeUserEntry } from '../../support/user-event.ts';

/** Two users with children, an event of each, a letter of one, and two update requests. */
async function useCopy(options: Parameters<typeof useAdmin>[0] = {}) {
  const admin = await useAdmin(options);
  const { sql, pool } = admin;
  await settleBatch({ pool, deletedUsers: 'erase' }, [
    makeUserEntry({
      messageId: 'msg_1',
      userId: 'user_ada',
      type: 'user.created',
      at: 5,
      mark: 'ada',
      data: { username: 'lovelace', external_id: 'ext_7' },
    }),
    makeUserEntry({ messageId: 'msg_2', userId: 'user_bob', mark: 'bob' }),
    makeUserEntry({ messageId: 'msg_3', userId: 'user_ada', at: 1 }),
    makeUserEntry({ messageId: 'msg_4', userId: 'user_ada', at: 9, data: { banned: 'maybe' } }),
  ]);
  await settleBatch({ pool, deletedUsers: 'erase' }, [
    makeUserEntry({ messageId: 'msg_5', userId: 'user_bob', type: 'user.deleted', at: 9 }),
  ]);
  await sql`insert into clerk.user_updates (user_id, action) values ('user_ada', 'ban'), ('user_bob', 'lock')`;
  await admin.signIn();
  const go = async (path: string) => readPage(await admin.visit(path));
  return { ...admin, go };
}

test('the overview says in one sentence what is not well, and shows everything below it', async () => {
  const { go, sql } = await useCopy();
  const stats = { queued: 3, in_flight: 1, settled: 5, p50_ms: 2.25, p99_ms: 1234.4 };
  await sql`update clerk.webhook_messages set received_at = now() - interval '2 minutes'`;
  await sql`
    insert into clerk.processes (process_id, version, host, pid, started_at, seen_at, stats)
    values ('p1', '1.2.3', 'web-1', 7, now() - interval '1 h', now(), ${sql.json(stats)})`;
  await sql`
    insert into clerk.reconcile_runs (run_id, kind, state, started_at, finished_at, users_read, drift)
    values ('run_1', 'full', 'finished', now(), now(), 1200, '{"newer_here": {"found": 2, "repaired": 0, "left": 2}}')`;
  const { lines, html, status } = await go('/overview');
  expect(status).toBe(200);
  expect(lines.find((line) => line.includes('attention'))).toMatch(
    /^2 things need attention: 1 dead letter is open, the oldest for .+ and the last reconcile left 2 users different from Clerk\.$/,
  );
  const figures = lines.slice(lines.indexOf('Last delivery'));
  expect(figures.slice(0, 12)).toEqual([
    ...['Last delivery', '2 minutes ago', 'Users', '1', 'Open dead letters', '1', 'Deliveries that wait', '3'],
    ...['Receipt to commit, p50', '2.3 ms', 'Receipt to commit, p99', '1,234 ms'],
  ]);
  const deliveries = readTable(html, 'Deliveries a minute, of the last hour').filter((row) => row[1] !== '0');
  expect(deliveries.map((row) => row.slice(1))).toEqual([['3', '1', '0', '1']]);
  expect(readTable(html, 'Dead letters by cause, the most frequent first')[0]?.slice(0, 3)).toEqual([
    ...['invalid_shape', 'data.banned', '1'],
  ]);
  expect(readTable(html, 'Processes that were seen in the last minute')[0]?.slice(0, 2)).toEqual(['web-1 7', '1.2.3']);
  const day = await go('/overview?range=day');
  expect(readTable(day.html, 'Deliveries in each quarter of an hour, of the last day')).toHaveLength(96);
});

test('a part of the overview that takes too long is not known, and the others are shown', async () => {
  const { go, admin, app, library, logs } = await useCopy({ statementTimeoutMs: 300 });
  expect(admin).toBeDefined();
  const lock = createPool({ target: library.target, size: 1 });
  onTestFinished(() => lock.close());
  await lock.withTransaction(async (session) => {
    await session.run('lock table clerk.dead_letters, clerk.user_updates in access exclusive mode');
    const { lines, status } = await go('/overview');
    expect(status).toBe(200);
    expect(lines.find((line) => line.includes('attention'))).toMatch(
      /the update requests and the dead letters could not be read\.$/,
    );
    const figures = lines.slice(lines.indexOf('Last delivery'));
    expect(figures.slice(2, 6)).toEqual(['Users', '1', 'Open dead letters', '–']);
    expect(lines).toContain('– This part could not be read.');
    const response = await app.request('/admin/api/overview', { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    expect(await response.json()).toMatchObject({
      ...{ is_well: false, unknown: ['user_updates', 'dead_letters'], dead_letters: null, user_updates: null },
      ...{ users: { count: 1, capped: false }, processes: [] },
    });
  });
  const failures = logs.filter(({ level }) => level === 'warn');
  expect(failures.map(({ part, msg }) => [part, msg]).sort()).toEqual([
    ['dead_letters', 'a part of the overview could not be read'],
    ['user_updates', 'a part of the overview could not be read'],
  ]);
});

test('the overview of an empty copy says that nothing has come', async () => {
  const admin = await useAdmin();
  await admin.signIn();
  const { lines } = await readPage(await admin.visit('/overview'));
  expect(lines).toContain(
    '2 things need attention: no delivery has ever come and no process has reported in the last minute.',
  );
});

test.each(['user_ada', 'ADA_1@example.com', 'ada_2', 'lovelace', 'ext_7'])('finds a user by %s', async (text) => {
  const { go } = await useCopy();
  const { html } = await go(`/users?q=${encodeURIComponent(text)}`);
  expect(readTable(html, 'Users that the search has found').map(([id]) => id)).toEqual(['user_ada']);
});

test('one user has the row, children, events, letters and update requests', async () => {
  const { go } = await useCopy();
  const { lines, html, status } = await go('/users/user_ada');
  expect(status).toBe(200);
  expect(lines[0]).toBe('live');
  expect(readTable(html, 'E-mail addresses').map((row) => row[1])).toEqual(['ada_1@example.com', 'ada_2@example.com']);
  expect(readTable(html, 'Events, the newest first').map((row) => [row[4], row[2]])).toEqual([
    ['msg_4', 'dead letter'],
    ['msg_3', 'stale'],
    ['msg_1', 'applied'],
  ]);
  expect(readTable(html, 'Dead letters, the longest waiting first').map(([id]) => id)).toEqual(['msg_4']);
  expect(readTable(html, 'Update requests, the newest first').map((row) => row[3])).toEqual(['ban']);
  const deleted = await go('/users/user_bob');
  expect(deleted.lines.slice(0, 2)).toEqual(['deleted', 'The row is a tombstone: a deletion is final.']);
  expect((await go('/users/user_none')).status).toBe(404);
});

test('a user is synced again from Clerk, or the page says what is missing', async () => {
  const clerk = await useFakeClerk({ instanceId: 'ins_1' });
  clerk.setUser(makeApiUser(1, { id: 'user_ada', first_name: 'Newer', updated_at: Date.now() }));
  const on = await useLibrary({ secretKey: clerk.secretKey, apiUrl: clerk.url });
  const { post, sql, go } = await useCopy({ on, settings: { hasSecretKey: true } });
  const response = await post('/users/user_ada/sync');
  expect(response.headers.get('location')).toBe('../../users/user_ada?done=user_applied');
  expect([...(await sql`select first_name from clerk.users where id = 'user_ada'`)]).toEqual([{ first_name: 'Newer' }]);
  expect((await go('/users/user_ada?done=user_applied')).lines[0]).toBe(
    'The user is synced: what Clerk says is written.',
  );
});

test('without a secret key the page says so, and does not ask Clerk', async () => {
  const { go, post } = await useCopy();
  const { html } = await go('/users/user_ada');
  expect(html).toContain('To sync a user again from Clerk, set <code>CLERK_SECRET_KEY</code>.');
  expect((await readPage(await post('/users/user_ada/sync'))).lines[0]).toContain('CLERK_SECRET_KEY');
});

test('events are filtered in the URL, and pages follow one another', async () => {
  const { go, sql } = await useCopy();
  const list = async (query: string) =>
    readTable((await go(`/events?${query}`)).html, 'Events, the newest first').map((row) => row[4]);
  expect(await list('outcome=stale')).toEqual(['msg_3']);
  expect(await list('user=user_bob&type=user.deleted')).toEqual(['msg_5']);
  expect(await list('message=msg_2')).toEqual(['msg_2']);
  expect((await go('/events?outcome=duplicate&since=never')).status).toBe(400);
  await sql`
    insert into clerk.webhook_messages (message_id, event_at, received_at, outcome)
    select 'msg_n' || n, now(), now() - n / 3 * interval '1 s', 'ignored' from generate_series(1, 110) n`;
  const seen: string[] = [];
  for (let next: string | undefined = '/events?outcome=ignored'; next !== undefined; ) {
    const { html } = await go(next);
    seen.push(...readTable(html, 'Events, the newest first').map((row) => row[4] ?? ''));
    const link: string | undefined = /href="[./]*(events\?[^"]*before=[^"]*)"/.exec(html)?.[1];
    next = link && `/${link.replaceAll('&amp;', '&')}`;
  }
  expect([seen.length, new Set(seen).size]).toEqual([110, 110]);
  expect((await go('/events?before=x~y')).status).toBe(200);
});

test('runs show their drift by kind, and what each kind means', async () => {
  const { go, sql } = await useCopy();
  const drift = {
    missing: { found: 3, repaired: 3, left: 0 },
    absent: { found: 9, repaired: 0, left: 9, withheld: 9 },
  };
  await sql`
    insert into clerk.reconcile_runs (run_id, kind, state, started_at, users_read, drift)
    select 'run_' || lpad(n::text, 2, '0'), 'full', 'finished', now() - n * interval '1 h', 100, ${sql.json(drift)}
    from generate_series(1, 30) n`;
  await sql`
    insert into clerk.backfill_runs (run_id, state, started_at, updated_at, users_read, expected_users, error)
    values ('run_b', 'failed', now(), now(), 500, 1000, 'Clerk does not answer.')`;
  const { html } = await go('/runs');
  const reconciles = readTable(html, 'Reconciles, the newest first');
  expect(reconciles).toHaveLength(25);
  expect(reconciles[0]?.[5]).toBe(
    'missing 3 found, 3 repaired, 0 leftabsent 9 found, 0 repaired, 9 left, 9 deletions held back',
  );
  expect(html).toContain('here, no longer at Clerk');
  expect(readTable(html, 'Backfills, the newest first')[0]?.slice(4, 6)).toEqual(['500', '1,000']);
  const older = await go('/runs?reconcile=run_25');
  expect(readTable(older.html, 'Reconciles, the newest first').map(([id]) => id)).toEqual([
    ...['run_26', 'run_27', 'run_28', 'run_29', 'run_30'],
  ]);
});

test('an update request says why it is as it is, and is retried or cancelled', async () => {
  const { go, post, sql } = await useCopy();
  const [first, second] = await sql<{ id: string }[]>`select id from clerk.user_updates order by id`;
  await sql`
    update clerk.user_updates set state = 'rejected', error = '[{"code": "form_param_unknown", "message": "No such thing."}]'
    where id = ${first?.id ?? ''}`;
  const { html } = await go('/update-requests?state=rejected');
  expect(readTable(html, 'Update requests, the newest first').map((row) => [row[2], row[5]])).toEqual([
    ['user_ada', 'form_param_unknown'],
  ]);
  const rejected = await go(`/update-requests/${first?.id}`);
  expect(rejected.lines).toContain(
    'Clerk does not take the property. It is switched off in this instance, or its name is wrong.',
  );
  const retried = await post(`/update-requests/${first?.id}/retry`);
  expect(retried.headers.get('location')).toMatch(/update-requests\/\d+\?done=update_requested$/);
  expect((await post(`/update-requests/${second?.id}/cancel`)).headers.get('location')).toMatch(
    /done=update_cancelled$/,
  );
  expect([...(await sql`select state from clerk.user_updates order by id`)].map(({ state }) => state)).toEqual([
    ...['rejected', 'cancelled', 'pending'],
  ]);
  expect((await go('/update-requests?before=now')).status).toBe(400);
  expect((await go('/update-requests/none')).status).toBe(404);
});

test('a reader sees every page, and no form that acts', async () => {
  const { go, post, signIn, sql } = await useCopy({ settings: { hasSecretKey: true } });
  const [update] = await sql<{ id: string }[]>`select id from clerk.user_updates`;
  await post('/sign-out');
  await signIn(READER_TOKEN);
  const pages = [
    ...['/overview', '/dead-letters', '/dead-letters/msg_4', '/replay-runs', '/replay-runs/new', '/users/user_ada'],
    ...['/events', '/runs', '/update-requests', `/update-requests/${update?.id}`, '/actions'],
  ];
  for (const page of pages) {
    const { html, status } = await go(page);
    const forms = (html.match(/<form method="post"[^>]*>/g) ?? []).filter((form) => !form.includes('sign-out'));
    expect([page, status, forms]).toEqual([page, 200, []]);
  }
});
