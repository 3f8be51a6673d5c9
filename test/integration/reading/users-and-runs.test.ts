import { expect, test } from 'vitest';
import { findBackfills } from '../../../src/backfill/find-backfills.ts';
import { findProcesses } from '../../../src/processes/find-processes.ts';
import { findReconciles } from '../../../src/reconcile/find-reconciles.ts';
import { findUpdates } from '../../../src/user-updates/find-updates.ts';
import { countSignUps } from '../../../src/users/count-sign-ups.ts';
import { readUsers } from '../../../src/users/find-users.ts';
import { useReader } from '../../support/use-reader.ts';

test('counts the sign-ups of each day in UTC, and how many of them still live', async () => {
  const { sql, read } = await useReader();
  await sql`
    insert into clerk.users (id, created_at, deleted_at, observed_at, last_message_id, synced_at, stated_keys)
    select 'user_' || coalesce(at, '') || deleted, at::timestamptz, case when deleted then now() end, now(), 'msg', now(), 0
    from (values ('2026-01-01 23:59:59.999Z', false), ('2026-01-02 00:00Z', false), ('2026-01-02 23:59Z', true),
      ('2026-01-04 00:00Z', false), (null, true)) t(at, deleted)`;
  const now = new Date('2026-01-03T12:00:00Z');
  expect(await read((session) => countSignUps(session, { days: 3, now }))).toEqual([
    { at: new Date('2026-01-01T00:00:00Z'), signUps: 1, living: 1 },
    { at: new Date('2026-01-02T00:00:00Z'), signUps: 2, living: 1 },
    { at: new Date('2026-01-03T00:00:00Z'), signUps: 0, living: 0 },
  ]);
});

test('reads users by their ids, whatever else they are called', async () => {
  const { sql, read } = await useReader();
  await sql`
    insert into clerk.users (id, external_id, observed_at, last_message_id, synced_at, stated_keys)
    values ('user_1', null, now(), 'msg', now(), 0), ('user_2', 'user_1', now(), 'msg', now(), 0)`;
  const found = await read((session) => readUsers(session, ['user_1', 'user_none']));
  expect(found.map(({ user }) => user.id)).toEqual(['user_1']);
});

test('lists backfills, the newest first, page by page', async () => {
  const { sql, read } = await useReader();
  await sql`
    insert into clerk.backfill_runs (run_id, state, started_at, updated_at, users_read)
    select 'run_' || n, 'finished', now() - n / 2 * interval '1 h', now(), 5000000000 from generate_series(1, 4) n`;
  const list = (before?: string) => read((session) => findBackfills(session, { limit: 2, before }));
  const first = await list();
  expect(first.map(({ run_id, users_read }) => [run_id, users_read])).toEqual([
    ['run_1', 5_000_000_000],
    ['run_3', 5_000_000_000],
  ]);
  expect((await list('run_3')).map(({ run_id }) => run_id)).toEqual(['run_2', 'run_4']);
});

test('lists reconciles by kind and state, the newest first', async () => {
  const { sql, read } = await useReader();
  await sql`
    insert into clerk.reconcile_runs (run_id, kind, state, started_at, users_read, drift)
    select 'run_' || n, case n % 2 when 0 then 'full' else 'incremental' end,
      case when n < 3 then 'failed' else 'finished' end, timestamptz '2026-01-01Z' - n * interval '1 h', n,
      '{"missing": {"found": 2, "repaired": 2, "left": 0}}'
    from generate_series(1, 5) n`;
  const list = async (filter: Partial<Parameters<typeof findReconciles>[1]>) =>
    (await read((session) => findReconciles(session, { limit: 9, ...filter }))).map(({ run_id }) => run_id);
  expect(await list({})).toEqual(['run_1', 'run_2', 'run_3', 'run_4', 'run_5']);
  expect(await list({ kind: 'full' })).toEqual(['run_2', 'run_4']);
  expect(await list({ kind: 'full', state: 'finished' })).toEqual(['run_4']);
  expect(await list({ limit: 2, before: 'run_2' })).toEqual(['run_3', 'run_4']);
  const [run] = await read((session) => findReconciles(session, { limit: 1 }));
  expect(run).toEqual({
    ...{ run_id: 'run_1', kind: 'incremental', state: 'failed', instance_id: null, watermark_at: null },
    ...{ checkpoint: null, users_read: 1, drift: { missing: { found: 2, repaired: 2, left: 0 } } },
    ...{ started_at: new Date('2025-12-31T23:00:00Z'), finished_at: null, error: null },
  });
});

test('finds the processes that were seen a moment ago', async () => {
  const { sql, read } = await useReader();
  const stats = { queued: 1, in_flight: 2, settled: 3, p50_ms: 4.5, p99_ms: null };
  await sql`
    insert into clerk.processes (process_id, version, host, pid, started_at, seen_at, stats)
    values ('p1', '1.0.0', 'a', 7, '2026-01-01Z', now() - interval '50 s', ${sql.json(stats)}),
      ('p2', '1.0.0', 'b', 8, '2026-01-01Z', now() - interval '70 s', ${sql.json(stats)})`;
  expect(await read((session) => findProcesses(session, 60_000))).toEqual([
    {
      ...{ process_id: 'p1', version: '1.0.0', host: 'a', pid: 7, started_at: new Date('2026-01-01T00:00:00Z') },
      ...{ seen_at: expect.any(Date), last_delivery_at: null, stats },
    },
  ]);
});

test('lists update requests from the newest to the oldest', async () => {
  const { sql, read } = await useReader();
  await sql`insert into clerk.user_updates (user_id, action) select 'user_' || n, 'ban' from generate_series(1, 4) n`;
  const list = async (before?: number) =>
    read((session) => findUpdates(session, { first: 'newest', limit: 2, before }));
  const [fourth, third] = await list();
  expect([fourth?.user_id, third?.user_id]).toEqual(['user_4', 'user_3']);
  expect((await list(third?.id)).map(({ user_id }) => user_id)).toEqual(['user_2', 'user_1']);
});
