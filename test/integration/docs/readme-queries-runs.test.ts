import { expect, test } from 'vitest';
import { useTestDatabase } from '../../support/database.ts';
import { findQueries, readPage } from '../../support/markdown.ts';

// The statements of docs/operations.md about backfills and reconciles, and of docs/monitoring.md, taken from their texts.

const queries = findQueries(readPage('docs/operations.md'));
const BACKFILLS = 'The latest backfills';
const RECONCILES = 'The latest reconciles, and what they found';

const find = (caption: string) => queries.find((query) => query.caption === caption)?.sql ?? '';

test('the latest backfills and reconciles are shown with what they came to', async () => {
  const { sql } = await useTestDatabase();
  await sql`insert into clerk.backfill_runs (run_id, state, users_read, expected_users, applied, started_at, updated_at)
    values ('backfill_1', 'finished', 3, 3, 3, now() - interval '1 day', now()),
      ('backfill_2', 'running', 500, 900, 500, now(), now())`;
  await sql`insert into clerk.reconcile_runs (run_id, kind, state, users_read, drift, started_at)
    values ('reconcile_1', 'full', 'finished', 3, '{"missing": {"found": 2, "repaired": 2, "left": 0}}', now())`;
  const counts = { stale: '0', dead_letters: '0', error: null };
  expect([...(await sql.unsafe(find(BACKFILLS)))]).toEqual([
    {
      ...{ run_id: 'backfill_2', state: 'running', users_read: '500', expected_users: '900', applied: '500' },
      ...counts,
    },
    { run_id: 'backfill_1', state: 'finished', users_read: '3', expected_users: '3', applied: '3', ...counts },
  ]);
  expect([...(await sql.unsafe(find(RECONCILES)))]).toEqual([
    {
      run_id: 'reconcile_1',
      kind: 'full',
      state: 'finished',
      users_read: '3',
      drift: { missing: { found: 2, repaired: 2, left: 0 } },
      error: null,
    },
  ]);
});

test('the processes that run are shown with what they did', async () => {
  const { sql } = await useTestDatabase();
  await sql`insert into clerk.processes (process_id, version, host, pid, started_at, seen_at, last_delivery_at, stats)
    values ('a', '1.0.0', 'web-1', 7, now() - interval '1 hour', now(), null,
        '{"queued": 1, "in_flight": 2, "settled": 300, "p50_ms": 4.5, "p99_ms": 20}'),
      ('b', '1.0.0', 'web-2', 7, now(), now() - interval '2 minutes', now(), '{}')`;
  const [query] = findQueries(readPage('docs/monitoring.md'));
  const [row, ...others] = await sql.unsafe(query?.sql ?? '');
  expect([row, others]).toEqual([
    {
      ...{ host: 'web-1', pid: 7, version: '1.0.0', runs_for: expect.stringMatching(/^01:00:0/), last_delivery: null },
      ...{ settled: 300, p50_ms: 4.5, p99_ms: 20, queued: 1 },
    },
    [],
  ]);
});
