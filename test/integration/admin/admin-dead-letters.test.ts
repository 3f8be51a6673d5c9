import { expect, test } from 'vitest';
import { settleBatch } from '../../../src/sync/settle-batch.ts';
import { readPage, readTable } from '../../support/read-page.ts';
import { READER_TOKEN, useAdmin } from '../../support/use-admin.ts';
import { makeUserEntry } from '../../support/user-event.ts';

/** Three letters of one cause and one of another, a second apart, and the user of one of them. */
async function useLetters() {
  const admin = await useAdmin();
  const { sql, pool } = admin;
  const make = (name: string, data: Record<string, unknown>) =>
    makeUserEntry({ messageId: `msg_${name}`, userId: `user_${name}`, data });
  await settleBatch({ pool, deletedUsers: 'erase' }, [
    makeUserEntry({ messageId: 'msg_before', userId: 'user_b', at: -5, data: { first_name: 'Before' } }),
    ...['a', 'b', 'c'].map((name) => make(name, { banned: 'maybe', first_name: 'Zelda' })),
    make('d', { first_name: 7 }),
  ]);
  await sql`update clerk.dead_letters d set first_failed_at = timestamptz '2026-01-01Z' + t.n * interval '1 s'
    from (select message_id, row_number() over (order by message_id) as n from clerk.dead_letters) t
    where t.message_id = d.message_id`;
  const readLetter = async (id: string) => {
    const [row] = await sql`
      select state, attempts, resolution, body::json #>> '{data,banned}' as banned, original_body is not null as edited
      from clerk.dead_letters where message_id = ${id}`;
    return row;
  };
  const readActions = async () => [
    ...(await sql`select actor, action, target, note from clerk.admin_actions order by id`),
  ];
  const go = async (path: string) => readPage(await admin.visit(path));
  await admin.signIn();
  return { ...admin, readLetter, readActions, go };
}

const CAUSES = 'Dead letters by cause, the most frequent first';
const LETTERS = 'Dead letters, the longest waiting first';

test('letters of one cause are one line, which leads to them', async () => {
  const { go } = await useLetters();
  const { html, lines } = await go('/dead-letters');
  expect(lines).toContain('4 letters of 2 causes');
  expect(readTable(html, CAUSES).map((row) => row.slice(0, 3))).toEqual([
    ['invalid_shape', 'data.banned', '3'],
    ['invalid_shape', 'data.first_name', '1'],
  ]);
  const [link = ''] = /dead-letters\?reason=[^"]*banned[^"]*/.exec(html) ?? [];
  const letters = await go(`/${link.replaceAll('&amp;', '&')}`);
  expect(readTable(letters.html, LETTERS).map(([id]) => id)).toEqual(['msg_a', 'msg_b', 'msg_c']);
});

test('each filter stands in the URL and in the form', async () => {
  const { go, sql } = await useLetters();
  await sql`update clerk.dead_letters set state = 'discarded' where message_id = 'msg_d'`;
  const list = async (query: string) =>
    readTable((await go(`/dead-letters?view=letters&${query}`)).html, LETTERS).map(([id]) => id);
  expect(await list('user=user_b')).toEqual(['msg_b']);
  expect(await list('path=data.banned&type=user.updated&reason=invalid_shape')).toEqual(['msg_a', 'msg_b', 'msg_c']);
  expect(await list('state=discarded')).toEqual(['msg_d']);
  expect(await list('state=all&error=FIRST_NAME')).toEqual(['msg_d']);
  expect(await list('since=2026-01-01T00:00:02&until=2026-01-01+00:00:03Z')).toEqual(['msg_b']);
  expect(await list('path=-')).toEqual([]);
  expect(await list('origin=backfill')).toEqual([]);
  const { html } = await go('/dead-letters?user=user_b&since=2026-01-01');
  expect(html).toContain('name="user" value="user_b"');
  expect(html).toContain('name="since" value="2026-01-01T00:00"');
});

test('a filter that can not be read is a sentence beside the form, not an error', async () => {
  const { go } = await useLetters();
  const { status, lines } = await go('/dead-letters?state=gone&since=yesterday&user=a%00b&view=list');
  expect({ status, lines: lines.slice(0, 4) }).toEqual({
    status: 400,
    lines: [
      '"user" has a character that the database can\'t store.',
      '"state" must be one of unresolved, open, queued, replayed, discarded, all.',
      '"since" must be a time such as 2026-01-31 10:00, in UTC.',
      '"view" must be one of causes, letters.',
    ],
  });
});

test('pages of letters follow one another without a gap', async () => {
  const { go, sql } = await useLetters();
  await sql`
    insert into clerk.dead_letters (message_id, body, reason, error, first_failed_at, last_failed_at)
    select 'msg_n' || lpad(n::text, 3, '0'), '{}', 'invalid_shape', '-', timestamptz '2026-02-01Z' + n / 10 * interval '1 s', now()
    from generate_series(1, 120) n`;
  const seen: string[] = [];
  for (let next: string | undefined = '/dead-letters?view=letters'; next !== undefined; ) {
    const { html } = await go(next);
    seen.push(...readTable(html, LETTERS).map(([id]) => id ?? ''));
    const link: string | undefined = /href="[./]*(dead-letters\?[^"]*after=[^"]*)"/.exec(html)?.[1];
    next = link && `/${link.replaceAll('&amp;', '&')}`;
  }
  expect(seen.length).toBe(124);
  expect(new Set(seen).size).toBe(124);
});

test('one letter says why, what to do, and the place, without a value of its body', async () => {
  const { go } = await useLetters();
  const { title, lines, html } = await go('/dead-letters/msg_b');
  expect(title).toBe('Dead letter msg_b');
  expect(lines).toContain("A property has another type than Clerk's documentation says.");
  expect(lines).toContain('data.banned');
  const masked = lines.slice(lines.indexOf('first_name', lines.indexOf('Body')));
  expect(masked.slice(0, 2)).toEqual(['first_name', 'text, 5 characters']);
  expect(html).not.toContain('Zelda');
  // The row of the user as it is now.
  expect(html).toContain('Before');
});

test('an operator sees the values after asking for them, which is recorded', async () => {
  const { post, readActions } = await useLetters();
  const { html, status } = await readPage(await post('/dead-letters/msg_b/values'));
  expect(status).toBe(200);
  expect(html).toContain('Zelda');
  expect(html).toContain('name="body"');
  expect(await readActions()).toEqual([{ actor: 'Ada', action: 'show_dead_letter', target: 'msg_b', note: null }]);
});

test('a reader sees no value and no form', async () => {
  const { signIn, go, post, readActions } = await useLetters();
  await post('/sign-out');
  await signIn(READER_TOKEN);
  const { html } = await go('/dead-letters/msg_b');
  expect(html).toContain('You may only look, so the values are not shown.');
  expect(html.match(/<form[^>]*>/g)).toEqual([expect.stringContaining('sign-out')]);
  expect((await post('/dead-letters/msg_b/values')).status).toBe(403);
  expect(await readActions()).toEqual([]);
});

test('an edited body is saved beside the original, and replayed', async () => {
  const { post, readLetter, readActions, sql, go } = await useLetters();
  const { html } = await readPage(await post('/dead-letters/msg_b/values'));
  const [, seen = ''] = /name="seen" value="([^"]*)"/.exec(html) ?? [];
  const [{ body } = { body: '' }] = await sql<{ body: string }[]>`
    select body from clerk.dead_letters where message_id = 'msg_b'`;
  const edited = body.replace('"maybe"', 'true');
  const broken = await readPage(await post('/dead-letters/msg_b/edit', { seen, body: '{"a":', next: 'replay' }));
  expect([broken.status, broken.lines[0]]).toEqual([
    400,
    expect.stringMatching(/^Nothing was changed\. The body is not JSON/),
  ]);
  expect(broken.html).toContain('{&quot;a&quot;:');
  const response = await post('/dead-letters/msg_b/edit', { seen, body: edited, next: 'replay' });
  expect([response.status, response.headers.get('location')]).toEqual([
    303,
    '../../dead-letters/msg_b?done=replay_applied',
  ]);
  expect(await readLetter('msg_b')).toEqual({
    ...{ state: 'replayed', attempts: 1, resolution: 'applied', banned: 'true', edited: true },
  });
  expect([...(await sql`select banned, first_name from clerk.users where id = 'user_b'`)]).toEqual([
    { banned: true, first_name: 'Zelda' },
  ]);
  expect((await readActions()).map(({ action }) => action)).toEqual([
    ...['show_dead_letter', 'show_dead_letter', 'edit_dead_letter', 'replay_dead_letter'],
  ]);
  expect((await go('/dead-letters/msg_b?done=replay_applied')).lines[0]).toBe(
    'The letter was replayed, and its event is applied.',
  );
  const again = await readPage(await post('/dead-letters/msg_b/edit', { seen, body, next: 'save' }));
  expect([again.status, again.lines[0]]).toEqual([400, expect.stringMatching(/somebody else has changed/)]);
});

test('a letter that fails again stays open, and one is discarded with a note', async () => {
  const { post, readLetter, readActions } = await useLetters();
  const replayed = await post('/dead-letters/msg_a/replay');
  expect(replayed.headers.get('location')).toBe('../../dead-letters/msg_a?done=replay_dead_letter');
  expect(await readLetter('msg_a')).toMatchObject({ state: 'open', attempts: 2 });
  expect((await post('/dead-letters/msg_a/discard', { note: ' ' })).status).toBe(400);
  const discarded = await post('/dead-letters/msg_a/discard', { note: 'A test.' });
  expect(discarded.headers.get('location')).toBe('../../dead-letters/msg_a?done=discarded');
  expect(await readLetter('msg_a')).toMatchObject({ state: 'discarded', resolution: 'A test.' });
  expect((await post('/dead-letters/msg_a/discard', { note: 'Again.' })).headers.get('location')).toBe(
    '../../dead-letters/msg_a?done=not_open',
  );
  expect(await readActions()).toEqual([
    { actor: 'Ada', action: 'replay_dead_letter', target: 'msg_a', note: null },
    { actor: 'Ada', action: 'discard_dead_letter', target: 'msg_a', note: 'A test.' },
  ]);
});

test('a replay run is planned, tried, started with the same letters, and cancelled', async () => {
  const { go, post, sql, readActions } = await useLetters();
  const plan = await go('/replay-runs/new?path=data.banned');
  expect(plan.lines).toContain('3 dead letters match. The run does not include letters that fail from now on.');
  const fields = Object.fromEntries(
    [...plan.html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(([, name, value]) => [
      name,
      value,
    ]),
  );
  expect(fields).toEqual({ path: 'data.banned', until: expect.stringMatching(/^\d{4}-/) });
  const preview = await readPage(await post('/replay-runs/preview', fields));
  expect(preview.lines).toContain('All 3 letters were tried, and everything was undone.');
  expect(preview.lines.slice(preview.lines.indexOf('Failed again')).slice(0, 2)).toEqual(['Failed again', '3']);
  expect((await post('/replay-runs', { ...fields, rate: 'fast' })).status).toBe(400);
  const started = await post('/replay-runs', { ...fields, rate: '50', note: 'The rule is gone.' });
  const [{ run_id: id, ...run } = { run_id: '' }] = await sql`
    select run_id, state, letters::int, max_per_second, note, requested_by, filter from clerk.replay_runs`;
  expect(started.headers.get('location')).toBe(`./replay-runs/${id}?done=run_started`);
  expect(run).toEqual({
    ...{ state: 'running', letters: 3, max_per_second: 50, note: 'The rule is gone.', requested_by: 'Ada' },
    filter: { paths: ['data.banned'], states: ['open', 'queued'], until: expect.any(String) },
  });
  const shown = await go(`/replay-runs/${id}`);
  expect(shown.lines).toContain('0 of 3 tried');
  expect((await post(`/replay-runs/${id}/cancel`)).headers.get('location')).toBe(
    `../../replay-runs/${id}?done=run_cancelled`,
  );
  const [row] = readTable((await go('/replay-runs')).html, 'Replay runs, the newest first');
  expect(row?.slice(0, 4)).toEqual([id, 'stopped', '0', '3']);
  expect((await readActions()).map(({ action, target }) => [action, target])).toEqual([
    ['start_replay_run', id],
    ['cancel_replay_run', id],
  ]);
  expect((await post('/replay-runs/preview', { state: 'discarded' })).status).toBe(400);
});

test('an edit at very many places is shown in part', async () => {
  const { go, sql } = await useLetters();
  const list = (value: number) => JSON.stringify({ list: Array.from({ length: 103 }, () => value) });
  await sql`update clerk.dead_letters set body = ${list(1)}, original_body = ${list(2)} where message_id = 'msg_a'`;
  const { html } = await go('/dead-letters/msg_a');
  const [told = ''] = /Somebody has edited the body: .*/.exec(html) ?? [];
  expect([told.match(/changed/g)?.length, told.includes('<code>list[99]</code> changed, and 3 more.</p>')]).toEqual([
    100,
    true,
  ]);
});
