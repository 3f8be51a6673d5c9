import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createPool, type Pool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { createApiRuns } from '../../../src/library/api-runs.ts';
import type { MadeReconcile } from '../../../src/metrics/reconcile-metrics.ts';
import { findReconcileState } from '../../../src/reconcile/find-reconcile-state.ts';
import { findDueRun } from '../../../src/reconcile/record-reconcile.ts';
import { openApi } from '../../../src/service/open-api.ts';
import { runDueReconcile } from '../../../src/service/run-due-reconcile.ts';
import { scheduleReconcile } from '../../../src/service/schedule-reconcile.ts';
import { makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { makeApiUsers, useReconcileScene } from '../../support/reconcile-scene.ts';

const MINUTE_MS = 60_000;

/** What a service hands to its schedule, and what it was told. */
async function useService() {
  const scene = await useReconcileScene(makeApiUsers(5));
  const lines: Record<string, unknown>[] = [];
  const made: MadeReconcile[] = [];
  const logger = pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const makeOptions = (url = scene.url) => {
    const target = parseDatabaseUrl(url);
    const pool = createPool({ target, size: 1 });
    onTestFinished(() => pool.close());
    const { signal } = new AbortController();
    const config = { clerkSecretKey: scene.clerk.secretKey, clerkApiUrl: scene.clerk.url };
    const open = (ends: AbortSignal) => openApi(config, { signal: ends });
    const { reconcileWhenDue } = createApiRuns({ target, deletedUsers: 'erase', openApi: open, closing: signal });
    return {
      ...{ pool, reconcileWhenDue, logger, metrics: { recordReconcile: (one: MadeReconcile) => void made.push(one) } },
      intervalMs: 15 * MINUTE_MS,
      signal,
    };
  };
  const countRuns = async () => (await scene.sql`select from clerk.reconcile_runs`).length;
  return { ...scene, lines, made, makeOptions, countRuns };
}

describe('by the clock of the database', () => {
  /** Kind, state and minutes since the begin. */
  type Run = readonly ['full' | 'incremental', 'running' | 'finished' | 'failed', number];
  const DAY = 24 * 60;

  test.each<[string, 'full' | 'incremental' | undefined, Run[]]>([
    ['a full run is due where none ever was', 'full', []],
    ['nothing is due within the interval', undefined, [['full', 'finished', 14]]],
    ['nothing is due either after one that failed', undefined, [['full', 'failed', 14]]],
    ['an incremental run is due after the interval', 'incremental', [['full', 'finished', 16]]],
    [
      'a full run is due after a day',
      'full',
      [
        ['full', 'finished', DAY + 1],
        ['incremental', 'finished', 16],
      ],
    ],
    [
      'none is due a little before',
      'incremental',
      [
        ['full', 'finished', DAY - 1],
        ['incremental', 'finished', 16],
      ],
    ],
    ['a full run that failed is not tried again at once', 'incremental', [['full', 'failed', 16]]],
    [
      'but after an hour',
      'full',
      [
        ['full', 'failed', 61],
        ['incremental', 'finished', 16],
      ],
    ],
    [
      'and not where one has finished before',
      'incremental',
      [
        ['full', 'finished', 300],
        ['full', 'failed', 61],
      ],
    ],
    ['one that a killed process has left keeps nobody waiting', 'incremental', [['full', 'running', 16]]],
  ])('%s', async (_what, kind, runs) => {
    const { sql, pool } = await useService();
    for (const [place, [made, state, minutes]] of runs.entries()) {
      await sql`insert into clerk.reconcile_runs (run_id, kind, state, started_at)
        values (${place}, ${made}, ${state}, now() - ${`${minutes} min`}::interval)`;
    }
    expect(await pool.withTransaction((session) => findDueRun(session, 15 * MINUTE_MS))).toBe(kind);
  });

  test('none is due while a backfill is at work, but it is after one that was killed', async () => {
    const { sql, pool } = await useService();
    const find = () => pool.withTransaction((session) => findDueRun(session, 15 * MINUTE_MS));
    await sql`insert into clerk.backfill_runs (run_id, state, started_at, updated_at) values ('1', 'running', now(), now())`;
    expect(await find()).toBe(undefined);
    await sql`update clerk.backfill_runs set updated_at = now() - interval '121 s'`;
    expect(await find()).toBe('full');
  });
});

test('one of several processes makes the run that is due, and tells of it', async () => {
  const { makeOptions, countRuns, lines, made, readIds, pool } = await useService();
  expect(await findReconcileState(pool)).toEqual({ finishedAt: {}, drift: {}, succeeded: undefined });
  await Promise.all(Array.from({ length: 4 }, () => runDueReconcile(makeOptions())));
  await runDueReconcile(makeOptions());
  expect([await countRuns(), (await readIds('alive')).length]).toEqual([1, 5]);
  const line = { kind: 'full', users_read: 5, found: 5, repaired: 5, left: 0 };
  expect(lines).toEqual([
    { level: 30, run_id: expect.any(String), ...line, ms: expect.any(Number), msg: 'reconcile finished' },
  ]);
  const missing = expect.objectContaining({ found: 5, repaired: 5, left: 0 });
  expect(made).toEqual([{ kind: 'full', end: 'finished', ms: expect.any(Number), drift: { missing } }]);
  expect(await findReconcileState(pool)).toEqual({
    finishedAt: { full: expect.any(Number) },
    drift: { full: { missing: { repaired: 5, left: 0 } } },
    succeeded: true,
  });
});

test('a process that has found a run due makes none where another was quicker', async () => {
  const { makeOptions, countRuns, lines } = await useService();
  const { pool, ...options } = makeOptions();
  const late: Pool = {
    ...pool,
    async withTransaction(work) {
      const answer = await pool.withTransaction(work);
      await runDueReconcile(makeOptions());
      return answer;
    },
  };
  await runDueReconcile({ ...options, pool: late });
  expect([await countRuns(), lines.length]).toEqual([1, 1]);
});

test('a Clerk that refuses is told to the log and the metrics, and asked again after the interval', async () => {
  const { makeOptions, countRuns, lines, made, clerk, pool } = await useService();
  clerk.intercept(() => ({ kind: 'status', status: 401 }));
  await runDueReconcile(makeOptions());
  await runDueReconcile(makeOptions());
  expect(await countRuns()).toBe(1);
  expect(lines).toEqual([expect.objectContaining({ level: 50, msg: 'reconcile failed', users_read: 0 })]);
  expect(lines[0]?.err).toMatchObject({ message: expect.stringContaining('Clerk does not accept the secret key') });
  expect(JSON.stringify(lines)).not.toContain(clerk.secretKey);
  expect(made).toEqual([{ kind: 'full', end: 'failed', ms: expect.any(Number), drift: {} }]);
  expect(await findReconcileState(pool)).toEqual({ finishedAt: {}, drift: {}, succeeded: false });
});

test('what is left over is a warning', async () => {
  const { makeOptions, lines, run, sql } = await useService();
  await run();
  await sql`delete from clerk.reconcile_runs`;
  await sql`update clerk.users set updated_at = now(), observed_at = '2026-01-01' where id = ${makeUserId(4)}`;
  await runDueReconcile(makeOptions());
  expect(lines).toMatchObject([{ level: 40, left: 1, msg: 'reconcile finished; some users still differ' }]);
});

test('a database that is away is told to the log, and nothing is thrown', async () => {
  const { makeOptions, lines, url } = await useService();
  await runDueReconcile(makeOptions(Object.assign(new URL(url), { port: '1' }).href));
  expect(lines).toMatchObject([
    { level: 40, msg: 'reconcile could not start', err: { type: 'DatabaseUnavailableError' } },
  ]);
});

test('runs again and again, and ends when it is stopped', async () => {
  const { makeOptions, countRuns } = await useService();
  const schedule = scheduleReconcile({ ...makeOptions(), intervalMs: 100 });
  await expect.poll(countRuns, { timeout: 20_000 }).toBeGreaterThan(2);
  schedule.stop();
  await schedule.ended;
});

test('a stop ends the run in work, without waiting for Clerk', async () => {
  const { makeOptions, lines, made, clerk, sql, readIds } = await useService();
  const asked = Promise.withResolvers<void>();
  clerk.intercept(({ query }) => {
    if (query.limit !== '500') return;
    asked.resolve();
    return { kind: 'never' };
  });
  const schedule = scheduleReconcile({ ...makeOptions(), intervalMs: 100 });
  await asked.promise;
  schedule.stop();
  await schedule.ended;
  expect([lines, made]).toMatchObject([[{ level: 30, msg: 'reconcile stopped' }], [{ end: 'stopped' }]]);
  expect([...(await sql`select state, error from clerk.reconcile_runs`)]).toEqual([
    { state: 'failed', error: 'It was stopped before its end.' },
  ]);
  expect(await readIds('alive')).toEqual([]);
});
