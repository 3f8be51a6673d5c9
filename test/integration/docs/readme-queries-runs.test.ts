import { expect, test } from 'vitest';
import { useTestDatabase } from '../../support/database.ts';
import { findQueries, readPage } from '../../support/markdown.ts';

// The statements of docs/operations.md about backfills and reconciles, taken from its text.

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
