import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runBackfill } from '../../../src/backfill/run-backfill.ts';
import { runReconcile } from '../../../src/reconcile/run-reconcile.ts';
import { isPage, makeApiUsers, useBackfill, withSmallPages } from '../../support/backfill.ts';
import { callCli } from '../../support/cli.ts';
import type { DeadCursor, FakeClerk } from '../../support/fake-clerk/fake-clerk.ts';
import { makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { useReconcileScene } from '../../support/reconcile-scene.ts';

// Users who are deleted at Clerk while all users are read, whatever Clerk answers behind a user who is gone. Not covered:
// users who are created or changed meanwhile, which the convergence tests have.

const SEED = Number(process.env.WALK_SEED ?? randomInt(2 ** 31));
const RUNS = Number(process.env.WALK_RUNS ?? 40);
/** Of the tests that are no property. */
const PAGE_SIZE = 4;
const DEAD_CURSORS: readonly DeadCursor[] = ['refused', 'empty', 'from the first', 'from the middle'];

const ids = (...numbers: number[]) => numbers.map(makeUserId);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

/** Deletes users when the page with a number, from 0, is asked for. */
function deleteOnPage(clerk: FakeClerk, deletions: readonly { page: number; users: readonly string[] }[]): void {
  let page = -1;
  clerk.intercept((request) => {
    if (!isPage(request)) return;
    page += 1;
    for (const { users } of deletions.filter((one) => one.page === page)) users.forEach(clerk.deleteUser);
  });
}

const readIds = async ({ sql }: Pick<Awaited<ReturnType<typeof useBackfill>>, 'sql'>) =>
  (await sql`select id from clerk.users where deleted_at is null order by id collate "C"`).map(({ id }) => id);

describe.each(DEAD_CURSORS)('behind a user who is gone, a list that is %s', (deadCursor) => {
  const useWalk = (count: number) => useBackfill({ users: makeApiUsers(count), pageSize: PAGE_SIZE, deadCursor });

  test.each([
    ['the last user of a page', [3]],
    ['the whole page', [0, 1, 2, 3]],
    ['the whole page and the next user', [0, 1, 2, 3, 4]],
  ])('costs a backfill nobody where it was %s', async (_what, gone) => {
    const scene = await useWalk(13);
    deleteOnPage(scene.clerk, [{ page: 1, users: ids(...gone) }]);
    expect(await scene.run()).toMatchObject({ end: 'finished' });
    const read = range(0, 13).filter((n) => n < PAGE_SIZE || !gone.includes(n));
    expect(await readIds(scene)).toEqual(ids(...read));
  });

  test('costs nobody where the last page was full', async () => {
    const scene = await useWalk(2 * PAGE_SIZE);
    deleteOnPage(scene.clerk, [{ page: 2, users: ids(7) }]);
    expect(await scene.run()).toMatchObject({ end: 'finished', run: { usersRead: 8 } });
    expect(await readIds(scene)).toEqual(ids(...range(0, 8)));
  });

  test('costs a backfill nobody that goes on behind him', async () => {
    const scene = await useWalk(13);
    await scene.run({ maxUsers: PAGE_SIZE });
    scene.clerk.deleteUser(makeUserId(3));
    expect(await scene.run()).toMatchObject({ end: 'finished', resumed: true });
    expect(await readIds(scene)).toEqual(ids(...range(0, 13)));
  });

  test('makes no tombstone of a user who is there, and finds those who are missing here', async () => {
    const scene = await useReconcileScene(makeApiUsers(13), { deadCursor, pageSize: PAGE_SIZE });
    await scene.fill();
    await scene.sql`delete from clerk.users where id = ${makeUserId(12)}`;
    deleteOnPage(scene.clerk, [{ page: 2, users: ids(3, 5) }]);
    const { drift, failure } = await scene.run();
    expect([failure, drift]).toEqual([
      undefined,
      {
        missing: { found: 1, repaired: 1, left: 0, examples: ids(12), fields: {} },
        absent: { found: 1, repaired: 1, left: 0, examples: ids(5), fields: {} },
      },
    ]);
  });
});

/** Whoever answers ends the list behind the first page, and knows the cursor's user all the same. */
function endEarly({ intercept }: Pick<FakeClerk, 'intercept'>): void {
  intercept(({ query }) => (query.starting_after === undefined ? undefined : { kind: 'body', text: '[]' }));
}

describe('where the list ends long before the users that Clerk counts', () => {
  const shortfall = 'The Backend API ended its list of users after 500, and counts 520.';

  test('a backfill ends with 3 and says so, and the next one goes on there', async () => {
    const { clerk, env, sql } = await useBackfill({ users: makeApiUsers(520) });
    endEarly(clerk);
    const { exitCode, stdout } = await callCli(['backfill'], { env });
    expect([exitCode, stdout.split('\n').slice(5)]).toEqual([
      3,
      [
        expect.stringContaining(`${shortfall} If that repeats itself, look`),
        '',
        'To continue:  clerk-sync backfill',
        '',
      ],
    ]);
    const readRuns = async () => [...(await sql`select state, error, users_read::int from clerk.backfill_runs`)];
    expect(await readRuns()).toEqual([{ state: 'failed', error: shortfall, users_read: 500 }]);
    clerk.intercept(undefined);
    const second = await callCli(['backfill', '--json'], { env });
    expect([second.exitCode, JSON.parse(second.stdout)]).toEqual([
      0,
      expect.objectContaining({ end: 'finished', resumed: true, users_read: 520, users_read_now: 20, error: null }),
    ]);
    expect(await readRuns()).toEqual([{ state: 'finished', error: null, users_read: 520 }]);
  });

  test('a dry run of a backfill ends with 3 and says so', async () => {
    const { clerk, env } = await useBackfill({ users: makeApiUsers(520) });
    endEarly(clerk);
    const { exitCode, stdout } = await callCli(['backfill', '--dry-run', '--json'], { env });
    expect([exitCode, JSON.parse(stdout)]).toMatchObject([3, { complete: false, users_read: 500, error: shortfall }]);
  });

  test('a full reconcile fails, says so, and deletes nobody', async () => {
    const { clerk, fill, run, sql, readIds: readThose } = await useReconcileScene(makeApiUsers(520));
    await fill();
    for (const id of ids(7, 519)) clerk.deleteUser(id);
    clerk.setUsers([...clerk.users.values(), ...makeApiUsers(522).slice(520)]);
    endEarly(clerk);
    const { failure, error } = await run();
    const sentence = `${shortfall} Nobody was deleted here.`;
    expect([failure, error]).toEqual([expect.objectContaining({ code: 'walk_short' }), sentence]);
    expect(await readThose('deleted')).toEqual([]);
    expect([...(await sql`select state, error from clerk.reconcile_runs`)]).toEqual([
      { state: 'failed', error: sentence },
    ]);
    clerk.intercept(undefined);
    expect((await run()).failure).toBe(undefined);
    expect(await readThose('deleted')).toEqual(ids(7, 519));
  });

  test('a few who come and go meanwhile are no doubt', async () => {
    const { clerk, run } = await useBackfill({ users: makeApiUsers(20), pageSize: 20 });
    clerk.intercept(({ path }) => (path === '/users/count' ? { kind: 'body', text: '{"total_count":25}' } : undefined));
    expect(await run()).toMatchObject({ end: 'finished' });
  });
});

const story = fc.record({
  deadCursor: fc.constantFrom(...DEAD_CURSORS),
  users: fc.integer({ min: 1, max: 24 }),
  pageSize: fc.integer({ min: 1, max: 6 }),
  /** Whom the first process reads; the next one goes on. */
  maxUsers: fc.integer({ min: 1, max: 24 }),
  /** By the page that is asked for when they happen, counted over all walks. */
  deletions: fc.array(fc.record({ page: fc.nat({ max: 30 }), user: fc.nat({ max: 23 }) }), { maxLength: 12 }),
});

test(`whoever stays at Clerk is read by a backfill that is resumed and by a reconcile, and is never deleted (WALK_SEED=${SEED})`, {
  timeout: 300_000,
}, async () => {
  console.info(`WALK_SEED=${SEED}`);
  const backfill = await useBackfill();
  const { clerk, sql } = backfill;

  const live = async ({ deadCursor, users, pageSize, maxUsers, deletions }: Story) => {
    const api = withSmallPages(backfill.makeApi(), pageSize);
    const { settle, target } = backfill;
    const reconcile = () =>
      runReconcile({ api, settle, target, chooseKind: async () => 'full' as const, maxDeletions: 100 });
    await sql`truncate clerk.users, clerk.backfill_runs, clerk.reconcile_runs cascade`;
    clerk.setDeadCursor(deadCursor);
    clerk.setUsers(makeApiUsers(users));
    const pages = deletions.map(({ page, user }) => ({ page, users: ids(user) }));
    deleteOnPage(clerk, pages);

    const first = await runBackfill({ api, settle, target, maxUsers });
    if (first.end === 'limit') expect(await runBackfill({ api, settle, target })).toMatchObject({ end: 'finished' });
    else expect(first.end).toBe('finished');
    expect(await readIds(backfill)).toEqual(expect.arrayContaining([...clerk.users.keys()]));

    // Somebody is missing here, whom the walk has to find.
    await sql`delete from clerk.users where id = ${[...clerk.users.keys()].at(-1) ?? ''}`;
    await sql`update clerk.users set observed_at = observed_at - interval '1 day'`;
    deleteOnPage(clerk, pages);
    const reconciled = await reconcile();
    expect(reconciled.state === 'ran' && reconciled.report.error).toBe(undefined);
    expect(await readIds(backfill)).toEqual(expect.arrayContaining([...clerk.users.keys()]));
    const tombstones = await sql`select id from clerk.users where deleted_at is not null`;
    expect(tombstones.filter(({ id }) => clerk.users.has(id))).toEqual([]);
  };
  await fc.assert(fc.asyncProperty(story, live), { seed: SEED, numRuns: RUNS, endOnFailure: true });
});

type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;
