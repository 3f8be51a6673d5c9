import { expect, test } from 'vitest';
import { type ReplayFilter, readReplayFilter } from '../../../src/replay-runs/replay-filter.ts';
import { startReplayRun } from '../../../src/replay-runs/start-replay-run.ts';
import { callCli } from '../../support/cli.ts';
import { ERASED_ID, useErasure } from '../../support/use-erasure.ts';

test('texts to look for are trimmed, an empty one is left out, and one that is too short is refused', async () => {
  const { erase, note, readNotes, receive, sql } = await useErasure();
  await receive('msg_1', { first_name: 'Eve' });
  await note('eve@example.com called', 'nothing of them', 'al called');
  for (const also of [['al'], [' a '], ['eve@example.com', 'x']]) {
    await expect(erase({ also })).rejects.toMatchObject({
      ...{ code: 'name_too_short', exitCode: 2 },
      message: 'One of the texts to look for is too short. Nothing was changed.',
    });
  }
  expect(await sql`select from clerk.users where deleted_at is null`).toHaveLength(1);
  const { erased } = await erase({ also: ['', '  ', ' Eve@Example.com\n', 'half a \ud800 and a \0'] });
  expect(erased).toEqual({ users: 1, webhook_messages: 1, admin_actions: 1 });
  expect(await readNotes()).toEqual(['[erased]', 'nothing of them', 'al called']);
});

test('a number is found as it was given and as Clerk stores it, and a list may have spaces', async () => {
  const { url, note, readNotes } = await useErasure();
  await note('call +12025550123', 'call +1 202 555 0123', 'eve@example.com wrote', 'call +12025550199');
  const args = ['erase-user', ERASED_ID, '--yes', '--also', 'eve@example.com, +1 202 555 0123'];
  expect(await callCli(args, { env: { DATABASE_URL: url } })).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await readNotes()).toEqual(['[erased]', '[erased]', '[erased]', 'call +12025550199']);
});

test('in a filter, codes and times stay, whatever the user is called', async () => {
  const { erase, receive, sql, pool } = await useErasure();
  await receive('msg_1', { username: 'webhook', external_id: '2026', first_name: 'Open', last_name: 'Queued' });
  await receive('msg_2', { banned: 'no', username: 'open', external_id: 'data' });
  await receive('msg_3', { banned: 'no', username: 'queued', external_id: 'user' });
  await receive('msg_4', { banned: 'no', username: 'invalid_shape' });
  const filter: ReplayFilter = {
    ...{ ids: ['msg_1', 'webhook'], userIds: [ERASED_ID, 'open'], error: 'expected open' },
    ...{ origins: ['webhook'], states: ['open', 'queued'], reasons: ['invalid_shape'], paths: ['data.banned', null] },
    ...{ types: ['user.updated', 'eve@example.com'], since: new Date('2026-01-01Z'), until: new Date('2026-02-01Z') },
  };
  const { run_id: runId } = await pool.withTransaction((session) =>
    startReplayRun(session, { filter, note: null, maxPerSecond: null, requestedBy: 'Grace' }),
  );
  await sql`insert into clerk.replay_runs (run_id, filter, requested_by, letters, state, started_at, updated_at)
    values ('replay_codes', '{"states": ["open"], "until": "2026-02-01T00:00:00Z"}', 'Grace', 0, 'finished', now(), now())`;
  await sql`insert into clerk.admin_actions (actor, via, action, filter)
    select 'Grace', 'page', 'start_replay_run', filter from clerk.replay_runs order by run_id`;
  const { erased } = await erase({ also: ['eve@example.com'] });
  expect(erased).toMatchObject({ replay_runs: 1, admin_actions: 1 });
  const left = {
    ...filter,
    ...{ ids: ['msg_1', '[erased]'], userIds: [ERASED_ID, '[erased]'], error: '[erased]' },
    types: ['user.updated', '[erased]'],
  };
  const rows = await sql`
    select filter from clerk.replay_runs where run_id = ${runId}
    union all select filter from clerk.admin_actions where filter ? 'error'`;
  expect(rows.map((row) => readReplayFilter(row.filter, runId))).toEqual([left, left]);
});

test('the outcome of a letter that was replayed stays, whatever the user is called', async () => {
  const { erase, receive, sql } = await useErasure();
  await receive('msg_1', { username: 'applied' });
  await receive('msg_2', { banned: 'no' }, 'user_other');
  await sql`update clerk.dead_letters set state = 'replayed', resolved_at = now(), resolution = 'applied'`;
  expect((await erase()).erased).toEqual({ users: 1, webhook_messages: 1 });
  expect([...(await sql`select resolution from clerk.dead_letters`)]).toEqual([{ resolution: 'applied' }]);
});
