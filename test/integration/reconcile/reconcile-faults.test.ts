import { describe, expect, test } from 'vitest';
import type { Fault } from '../../support/fake-clerk/fake-clerk.ts';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { makeApiUsers, type ReconcileScene, useReconcileScene } from '../../support/reconcile-scene.ts';

const GONE = [makeUserId(2), makeUserId(900)];
const OLD = [makeUserId(3), makeUserId(800)];

/** Users on three pages: two are gone at Clerk, two are older here. */
async function useDrifted() {
  const scene = await useReconcileScene(makeApiUsers(1100));
  await scene.fill();
  for (const id of GONE) scene.clerk.deleteUser(id);
  await scene.sql`update clerk.users set updated_at = updated_at - interval '1 s' where id in ${scene.sql(OLD)}`;
  return scene;
}

const REPAIRED = {
  older: { found: 2, repaired: 2, left: 0, examples: OLD, fields: {} },
  absent: { found: 2, repaired: 2, left: 0, examples: GONE, fields: {} },
};

const readRuns = async ({ sql }: ReconcileScene) => [
  ...(await sql`select kind, state, watermark_at is null as unmarked, finished_at is null as unfinished, drift, error
    from clerk.reconcile_runs order by started_at`),
];

const PASSING: readonly Fault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 429, headers: { 'retry-after': '0' } },
  { kind: 'cut' },
  { kind: 'half_body' },
  { kind: 'wrong_json' },
  { kind: 'not_an_array' },
];

test.each(PASSING)('is not disturbed by $kind $status, once at each request', async (fault) => {
  const scene = await useDrifted();
  const failed = new Set<string>();
  scene.clerk.intercept(({ path, query }) => {
    const question = `${path} ${JSON.stringify(query)}`;
    if (failed.has(question)) return;
    failed.add(question);
    return fault;
  });
  const { drift, failure } = await scene.run();
  expect({ drift, failure }).toEqual({ drift: REPAIRED, failure: undefined });
  // The instance, the newest change, the count before and after, three pages and the users behind them, two users.
  expect(failed.size).toBe(10);
});

const LASTING: readonly [Fault, string][] = [
  [{ kind: 'status', status: 500 }, 'The Backend API does not answer as it should: it reports a failure of its own'],
  [{ kind: 'status', status: 401 }, 'Clerk does not accept the secret key: it is refused'],
  [{ kind: 'status', status: 403 }, 'The Backend API refuses to serve this: it is forbidden'],
  [{ kind: 'proxy_page', status: 404 }, "Clerk's Backend API is not at this address: nothing is found"],
  [{ kind: 'cut' }, "The Backend API does not answer as it should: it can't be reached, or the connection was cut"],
  [{ kind: 'half_body' }, 'The Backend API does not answer as it should'],
  [{ kind: 'wrong_json' }, 'What answers is not as the Backend API is: it is not JSON'],
  [{ kind: 'not_an_array' }, 'What answers is not as the Backend API is: it is not a list of users'],
  [{ kind: 'never' }, 'The Backend API does not answer as it should: no whole answer within'],
];

test.each(LASTING)(
  'fails by %o in the middle of the walk, deletes nobody, and the next run is right',
  async (fault, error) => {
    const scene = await useDrifted();
    scene.clerk.intercept(({ query }) => (query.starting_after === makeUserId(500) ? fault : undefined));
    const report = await scene.run();
    // The second page begins behind user 500 of those that are left.
    const repaired = { found: 1, repaired: 1, left: 0, examples: [OLD[0]], fields: {} };
    expect(report).toMatchObject({ drift: { older: repaired }, error: expect.stringContaining(error) });
    expect(report.failure).toBeInstanceOf(Error);
    expect(await scene.readIds('deleted')).toEqual([]);
    const failed = { kind: 'full', state: 'failed', unmarked: true, unfinished: true, error: report.error };
    expect(await readRuns(scene)).toEqual([{ ...failed, drift: { older: { found: 1, repaired: 1, left: 0 } } }]);

    scene.clerk.intercept(undefined);
    expect((await scene.run()).drift).toEqual({
      older: { ...repaired, examples: [OLD[1]] },
      absent: REPAIRED.absent,
    });
    expect((await scene.run()).drift).toEqual({});
  },
);

test('ends right where users change, come and go between pages', async () => {
  const scene = await useDrifted();
  let pages = 0;
  scene.clerk.intercept(({ path, query }) => {
    if (path !== '/users' || query.limit !== '500') return;
    pages += 1;
    // While the second page is asked for: the user behind whom to go on, some before and some after.
    if (pages === 2) for (const n of [0, 499, 500, 501, 502, 1099]) scene.clerk.deleteUser(makeUserId(n));
    if (pages === 2)
      for (const n of [1, 700]) scene.clerk.setUser(makeApiUser(n, { banned: true, updated_at: 1.78e12 }));
    if (pages === 3) scene.clerk.setUser(makeApiUser(2000));
  });
  const first = await scene.run();
  expect([first.failure, pages >= 3]).toEqual([undefined, true]);
  scene.clerk.intercept(undefined);
  await scene.run();
  expect(await scene.readIds('alive')).toEqual([...scene.clerk.users.keys()].toSorted());
  expect((await scene.run()).drift).toEqual({});
});

describe('the lock', () => {
  /** A run that waits for the answer to its first page. */
  async function useWaitingRun(options: Parameters<ReconcileScene['run']>[0] = {}) {
    const scene = await useDrifted();
    const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    scene.clerk.intercept(async ({ path, query }) => {
      if (path !== '/users' || query.limit !== '500') return;
      asked.resolve();
      await answered.promise;
    });
    const run = scene.run(options);
    await asked.promise;
    return { scene, run, goOn: () => answered.resolve() };
  }

  test('lets one process run at a time', async () => {
    const { scene, run, goOn } = await useWaitingRun();
    const others = [await scene.tryRun(), await scene.tryRun({ dryRun: true }), await scene.tryRun()];
    expect(others).toEqual([{ state: 'busy' }, { state: 'busy' }, { state: 'busy' }]);
    goOn();
    expect((await run).drift).toEqual(REPAIRED);
    expect((await readRuns(scene)).length).toBe(1);
    expect((await scene.tryRun()).state).toBe('ran');
  });

  test('ends the run that has lost it, which is recorded as failed', async () => {
    const { scene, run, goOn } = await useWaitingRun();
    await scene.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'clerk-sync reconcile' and datname = current_database()`;
    goOn();
    const { failure, error } = await run;
    expect([failure, error]).toEqual([
      expect.objectContaining({ name: 'DatabaseUnavailableError' }),
      'The connection that holds the lock was lost.',
    ]);
    expect(await readRuns(scene)).toMatchObject([{ state: 'failed', error }]);
    expect(await scene.readIds('deleted')).toEqual([]);
    expect((await scene.run()).drift).toEqual(REPAIRED);
  });

  test('is let go by a run that a signal stops, which writes nothing more', async () => {
    const stopping = new AbortController();
    const { scene, run, goOn } = await useWaitingRun({ signal: stopping.signal });
    stopping.abort();
    const { drift, failure } = await run;
    goOn();
    expect([drift, failure]).toEqual([{}, expect.objectContaining({ name: 'AbortError' })]);
    expect(await readRuns(scene)).toMatchObject([{ state: 'failed', error: 'It was stopped before its end.' }]);
    expect((await scene.run()).drift).toEqual(REPAIRED);
  });
});

test('says of a run whose process was killed that it has failed', async () => {
  const scene = await useReconcileScene(makeApiUsers(2));
  await scene.sql`
    insert into clerk.reconcile_runs (run_id, kind, state, started_at)
    values ('killed', 'full', 'running', now() - interval '89 days')`;
  await scene.run();
  expect(await readRuns(scene)).toMatchObject([
    { state: 'failed', error: 'The process ended before the run did.' },
    { state: 'finished', error: null },
  ]);
});
