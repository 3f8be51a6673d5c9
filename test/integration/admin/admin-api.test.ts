import { describe, expect, test } from 'vitest';
import { READER_TOKEN } from '../../support/use-admin.ts';
import { useAdminApi } from '../../support/use-admin-api.ts';

const error = (status: number, code: string, message: unknown = expect.any(String)) =>
  expect.objectContaining({ status, body: { error: { code, message, request_id: expect.any(String) } } });

test('whoever has no token is refused, also with the cookie of the page', async () => {
  const { get, app, signIn, getCookie } = await useAdminApi();
  await signIn();
  expect((await app.request('/admin/api/actions')).status).toBe(401);
  expect((await app.request('/admin/api/actions', { headers: { cookie: getCookie() } })).status).toBe(401);
  for (const authorization of ['Bearer wrong', 'Basic eA==', 'Bearer', 'Bearer ']) {
    expect(await get('/actions', { authorization })).toEqual(error(401, 'unauthorized'));
  }
  expect((await get('/actions', { authorization: `bearer ${READER_TOKEN}` })).status).toBe(200);
});

test('what is wrong with a request is said without its values', async () => {
  const { get, post } = await useAdminApi();
  const form = 'invalid_request';
  expect(await get('/dead-letters?foo=secret&limit=0')).toEqual(
    error(400, form, expect.not.stringContaining('secret')),
  );
  expect(await get('/dead-letters?state=secret')).toEqual(
    error(400, form, expect.stringMatching(/^"state" must be \(/)),
  );
  expect(await get('/dead-letters?since=secret')).toEqual(
    error(400, form, '"since" must be a time such as 2026-01-31 10:00, in UTC.'),
  );
  expect(await post('/replay-runs', { filter: { states: [] }, note: 7 })).toEqual(
    error(400, form, '"filter.states" is not known here. "note" must be string.'),
  );
  expect(await post('/replay-runs', '{"filter":')).toEqual(
    error(400, 'not_json', 'The body of the request is not JSON. Correct it.'),
  );
  expect(await get('/dead-letters?after=2026~%00x')).toEqual(
    error(400, form, `"after" has a character that the database can't store.`),
  );
  expect(await get('/users?who=%00')).toEqual(error(400, 'refused_value'));
  expect(await get('/dead-letters/msg_none')).toEqual(error(404, 'dead_letter_not_found'));
  expect(await get('/user-updates/7')).toEqual(error(404, 'user_update_not_found'));
  expect(await get('/user-updates/x')).toEqual(error(404, 'user_update_not_found'));
  expect(await get('/nothing')).toEqual(error(404, 'not_found'));
});

describe('dead letters', () => {
  const letter = {
    ...{
      message_id: 'msg_0',
      origin: 'webhook',
      event_type: 'user.updated',
      user_id: 'user_0',
      instance_id: expect.anything(),
    },
    ...{
      reason: 'invalid_shape',
      path: 'data.username',
      error: expect.any(String),
      details: expect.any(Object),
      attempts: 1,
    },
    ...{ first_failed_at: '2026-01-01T00:00:00.000Z', last_failed_at: '2026-01-02T00:00:00.000Z' },
    ...{ state: 'open', resolved_at: null, resolution: null },
  };
  const why = { why: expect.any(String), what_to_do: expect.any(String) };

  test('are listed page by page, and counted by cause', async () => {
    const { get, keepLetters } = await useAdminApi();
    await keepLetters(3);
    const first = await get('/dead-letters?limit=2');
    expect(first.body).toEqual({
      dead_letters: [letter, expect.objectContaining({ message_id: 'msg_1' })],
      next: expect.any(String),
    });
    const { body } = await get(`/dead-letters?limit=2&after=${encodeURIComponent(first.body.next)}`);
    expect(body).toEqual({ dead_letters: [expect.objectContaining({ message_id: 'msg_2' })], next: null });
    expect((await get('/dead-letters?limit=2&after=9999-99-99~msg_0')).body).toEqual(first.body);
    expect((await get('/dead-letters?user=user_1')).body.dead_letters).toHaveLength(1);
    expect((await get('/dead-letters?state=replayed')).body).toEqual({ dead_letters: [], next: null });
    expect((await get('/dead-letters/groups')).body).toEqual({
      matching: 3,
      capped: false,
      groups: [
        {
          ...{ reason: 'invalid_shape', path: 'data.username', count: 3, capped: false, example: 'msg_0' },
          ...{ first_failed_at: '2026-01-01T00:00:00.000Z', last_failed_at: '2026-01-02T00:00:00.000Z' },
        },
      ],
    });
  });

  test('show their body only to an operator, who is recorded', async () => {
    const { get, post, keepLetters, readActions } = await useAdminApi();
    await keepLetters(1);
    expect((await get('/dead-letters/msg_0')).body).toEqual({ ...letter, ...why });
    expect(await readActions()).toEqual([]);
    const shown = await post('/dead-letters/msg_0/values');
    expect(shown.body).toEqual({
      ...letter,
      ...why,
      body: expect.stringContaining('"username":7'),
      original_body: null,
    });
    expect(await readActions()).toEqual([
      { actor: 'cron', via: 'api', action: 'show_dead_letter', target: 'msg_0', note: null },
    ]);
  });

  test('are edited with every digit, replayed and discarded', async () => {
    const { post, keepLetters, readActions, sql } = await useAdminApi();
    await keepLetters(2);
    const { body: before } = (await post('/dead-letters/msg_0/values')).body;
    const edited = before.replace('"username":7', '"username":"ada","public_metadata":{"n":12345678901234567890.10}');
    expect(await post('/dead-letters/msg_0/edit', { body: edited, seen: `${before} ` })).toEqual(
      error(409, 'dead_letter_changed'),
    );
    expect((await post('/dead-letters/msg_0/edit', { body: edited, seen: before })).body).toEqual({
      message_id: 'msg_0',
      changes: expect.arrayContaining([expect.objectContaining({ path: expect.stringContaining('username') })]),
    });
    expect((await post('/dead-letters/msg_0/replay')).body).toEqual({ message_id: 'msg_0', outcome: 'applied' });
    expect((await post('/dead-letters/msg_1/replay')).body).toEqual({
      ...{ message_id: 'msg_1', outcome: 'dead_letter', error: expect.any(String) },
    });
    expect(await post('/dead-letters/msg_1/discard', { note: ' ' })).toEqual(error(400, 'invalid_request'));
    expect((await post('/dead-letters/msg_1/discard', { note: 'a test' })).body).toEqual({
      message_id: 'msg_1',
      outcome: 'discarded',
    });
    expect((await post('/dead-letters/msg_1/discard', { note: 'again' })).body).toEqual({
      message_id: 'msg_1',
      outcome: 'not_open',
    });
    expect([...(await sql`select username, public_metadata::text as metadata from clerk.users`)]).toEqual([
      { username: 'ada', metadata: '{"n": 12345678901234567890.10}' },
    ]);
    expect((await readActions()).map(({ action, target, note }) => ({ action, target, note }))).toEqual([
      { action: 'show_dead_letter', target: 'msg_0', note: null },
      { action: 'edit_dead_letter', target: 'msg_0', note: null },
      { action: 'replay_dead_letter', target: 'msg_0', note: null },
      { action: 'replay_dead_letter', target: 'msg_1', note: null },
      { action: 'discard_dead_letter', target: 'msg_1', note: 'a test' },
    ]);
  });
});

test('a replay run is previewed, started, listed, shown and cancelled', async () => {
  const { get, post, keepLetters, readActions } = await useAdminApi();
  await keepLetters(3);
  const filter = { user: 'user_1' };
  expect((await post('/replay-runs/preview', { filter })).body).toEqual({
    ...{
      letters: 1,
      capped: false,
      tried: 1,
      undecided: 0,
      applied: 0,
      stale: 0,
      duplicate: 0,
      ignored: 0,
      dead_letters: 1,
    },
  });
  expect(await post('/replay-runs', { filter: { state: 'replayed' } })).toEqual(error(400, 'nothing_to_replay'));
  const { body: run } = await post('/replay-runs', { filter, note: 'the cause is gone', max_per_second: 50 });
  expect(run).toEqual({
    ...{
      run_id: expect.any(String),
      state: 'running',
      note: 'the cause is gone',
      max_per_second: 50,
      requested_by: 'cron',
    },
    filter: { states: ['open', 'queued'], userIds: ['user_1'], until: expect.any(String) },
    ...{ letters: 1, applied: 0, stale: 0, duplicate: 0, ignored: 0, dead_letters: 0 },
    ...{ checkpoint_failed_at: null, checkpoint_message_id: null, stopped_by: null, error: null },
    ...{ second_checkpoint_failed_at: null, second_checkpoint_message_id: null },
    ...{ started_at: expect.any(String), updated_at: expect.any(String), finished_at: null },
  });
  expect((await get('/replay-runs')).body).toEqual({ replay_runs: [run] });
  expect((await get(`/replay-runs?before=${run.run_id}`)).body).toEqual({ replay_runs: [] });
  expect((await get(`/replay-runs/${run.run_id}`)).body).toEqual(run);
  const cancel = () => post(`/replay-runs/${run.run_id}/cancel`);
  expect((await cancel()).body).toEqual({ run_id: run.run_id, outcome: 'cancelled' });
  expect((await cancel()).body).toEqual({ run_id: run.run_id, outcome: 'not_running' });
  expect(await post('/replay-runs/none/cancel')).toEqual(error(404, 'replay_run_not_found'));
  expect(await readActions()).toEqual([
    { actor: 'cron', via: 'api', action: 'start_replay_run', target: run.run_id, note: 'the cause is gone' },
    { actor: 'cron', via: 'api', action: 'cancel_replay_run', target: run.run_id, note: null },
  ]);
});

test('update requests keep every digit, hide their secrets, and can be cancelled', async () => {
  const { get, post, readActions } = await useAdminApi();
  const created = await post(
    '/user-updates',
    '{"user_id":"user_1","request":{"password":"hunter2-hunter2","public_metadata":{"n":12345678901234567890.10}}}',
  );
  expect(created.text).toContain('"n":12345678901234567890.10');
  expect(created.text).not.toContain('hunter2');
  const { warnings, ...shown } = created.body;
  expect(warnings).toEqual([]);
  expect(shown).toMatchObject({ user_id: 'user_1', action: 'update', state: 'pending', why: expect.any(String) });
  expect((await get(`/user-updates/${shown.id}`)).body).toEqual(shown);
  const asReader = { authorization: `Bearer ${READER_TOKEN}` };
  const hidden = { password: '[hidden]', public_metadata: '[hidden]' };
  expect((await get(`/user-updates/${shown.id}`, asReader)).body.request).toEqual(hidden);
  expect((await get('/user-updates', asReader)).body.user_updates[0].request).toEqual(hidden);
  const { why: _why, what_to_do: _what, ...row } = shown;
  expect((await get('/user-updates?state=pending&user=user_1')).body).toEqual({ user_updates: [row] });
  expect((await get(`/user-updates?before=${shown.id}`)).body).toEqual({ user_updates: [] });
  expect((await post(`/user-updates/${shown.id}/retry`)).body).toEqual({
    ...{ id: shown.id, outcome: 'not_rejected', note: expect.any(String) },
  });
  expect((await post(`/user-updates/${shown.id}/cancel`)).body).toEqual({ id: shown.id, outcome: 'cancelled' });
  expect(await post('/user-updates', { user_id: 'user_1', request: { nickname: 'x' } })).toEqual(
    error(409, 'invalid_user_update'),
  );
  expect((await readActions()).map(({ action, target }) => ({ action, target }))).toEqual([
    { action: 'create_user_update', target: 'user_1' },
    { action: 'cancel_user_update', target: String(shown.id) },
    { action: 'create_user_update', target: 'user_1' },
  ]);
});

test('users are found, shown and synced', async () => {
  const { get, post, keepUser, sql } = await useAdminApi();
  await keepUser('user_1', { username: 'ada' });
  await sql`update clerk.users set private_metadata = '{"n": 12345678901234567890.10}'::text::jsonb`;
  const found = await get('/users?who=ADA');
  expect(found.text).toContain('"n":12345678901234567890.10');
  expect(found.body.users).toEqual([expect.objectContaining({ id: 'user_1', username: 'ada', email_addresses: [] })]);
  expect((await get('/users/user_1')).body).toEqual(found.body.users[0]);
  expect(await get('/users/user_2')).toEqual(error(404, 'user_not_found'));
  expect(await post('/users/user_1/sync')).toEqual(error(409, 'no_secret_key'));
});

test('events, runs and actions are listed', async () => {
  const { get, sql } = await useAdminApi();
  await sql`insert into clerk.webhook_messages (message_id, event_type, user_id, event_at, received_at, outcome)
    select 'msg_' || n, 'user.created', 'user_1', '2026-01-01Z', timestamptz '2026-01-01Z' + n * interval '1 s', 'applied'
    from generate_series(1, 3) n`;
  const first = await get('/events?limit=2&type=user.created&outcome=applied');
  expect(first.body).toEqual({
    events: [
      {
        ...{
          message_id: 'msg_3',
          event_type: 'user.created',
          user_id: 'user_1',
          instance_id: null,
          outcome: 'applied',
        },
        ...{ event_at: '2026-01-01T00:00:00.000Z', received_at: '2026-01-01T00:00:03.000Z' },
      },
      expect.objectContaining({ message_id: 'msg_2' }),
    ],
    next: expect.any(String),
  });
  const { body } = await get(`/events?limit=2&before=${encodeURIComponent(first.body.next)}`);
  expect(body).toEqual({ events: [expect.objectContaining({ message_id: 'msg_1' })], next: null });
  expect((await get('/events?message=msg_2')).body.events).toHaveLength(1);
  expect((await get('/backfill-runs')).body).toEqual({ backfill_runs: [] });
  expect((await get('/reconcile-runs')).body).toEqual({ reconcile_runs: [] });
  await sql`insert into clerk.admin_actions (actor, via, action, target) values ('Ada', 'page', 'sync_user', 'user_1')`;
  const action = {
    ...{ id: 1, acted_at: expect.any(String), actor: 'Ada', via: 'page', action: 'sync_user', target: 'user_1' },
    ...{ filter: null, affected: null, note: null, request_id: null },
  };
  expect((await get('/actions?target=user_1')).body).toEqual({ actions: [action] });
  expect((await get('/actions?before=1')).body).toEqual({ actions: [] });
});
