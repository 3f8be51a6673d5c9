import { describe, expect, test } from 'vitest';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { makeApiUsers, type ReconcileScene, useReconcileScene } from '../../support/reconcile-scene.ts';

/** Half an hour ago: no webhook is on its way any more. */
const recently = () => Date.now() - 1_800_000;

/** Users of whom a full run has made the copy, and set the watermark. */
async function useCompared(count: number) {
  const scene = await useReconcileScene(makeApiUsers(count));
  await scene.fill();
  await scene.run();
  return scene;
}

/** Changes a user at Clerk, of which no webhook tells. */
function change({ clerk }: ReconcileScene, n: number, updatedAt: number): void {
  clerk.setUser(makeApiUser(n, { first_name: 'Changed', updated_at: updatedAt }));
}

/** What was asked since request `place`, as text. */
function listRequests({ clerk }: ReconcileScene, place: number): string[] {
  return clerk.requests.slice(place).map(({ path, query }) => `${path} ${query.offset ?? ''}`.trim());
}

/** `clerk.reconcile_runs`, the newest first. */
async function readRuns({ sql }: ReconcileScene) {
  return [
    ...(await sql`select kind, state, watermark_at, users_read::int, error from clerk.reconcile_runs order by started_at desc`),
  ];
}

test('compares those changed since the watermark, with two requests', async () => {
  const scene = await useCompared(2000);
  const at = recently();
  for (const n of [3, 1500]) change(scene, n, at + n);
  const place = scene.clerk.requests.length;
  const { kind, drift, usersRead } = await scene.run({ kind: 'incremental' });
  expect({ kind, drift, usersRead }).toEqual({
    ...{ kind: 'incremental', usersRead: 500 },
    drift: {
      older: { found: 2, repaired: 2, left: 0, examples: [1500, 3].map(makeUserId), fields: { first_name: 2 } },
    },
  });
  expect(listRequests(scene, place)).toEqual(['/instance', '/users 0']);
  const [newest] = await readRuns(scene);
  expect(newest).toEqual({
    ...{ kind: 'incremental', state: 'finished', users_read: 500, error: null },
    watermark_at: new Date(at + 1500),
  });
  expect((await scene.run({ kind: 'incremental' })).drift).toEqual({});
});

test('goes down to five minutes behind the watermark, in pages that overlap', async () => {
  const scene = await useCompared(2000);
  const at = recently();
  for (let n = 0; n < 600; n += 1) change(scene, n, at + n);
  const place = scene.clerk.requests.length;
  const { drift, usersRead } = await scene.run({ kind: 'incremental' });
  expect([drift.older?.repaired, usersRead]).toEqual([600, 950]);
  expect(listRequests(scene, place)).toEqual(['/instance', '/users 0', '/users 450']);
  // What is listed late, by Clerk's own clock, is found all the same.
  const [latest] = await readRuns(scene);
  const watermark = latest?.watermark_at.getTime();
  // Two pages down to behind the watermark itself, and one more behind that.
  for (let n = 0; n < 949; n += 1) change(scene, n, at + 1000 + n);
  change(scene, 1500, watermark - 1000);
  change(scene, 1999, watermark - 299_000);
  expect((await scene.run({ kind: 'incremental' })).drift.older).toMatchObject({ repaired: 951, left: 0 });
});

test('becomes a full run where there is no finished one of this instance', async () => {
  const scene = await useReconcileScene(makeApiUsers(3));
  await scene.fill();
  const notes = ['There is no finished run to go on from: all users are compared.'];
  expect(await scene.run({ kind: 'incremental', dryRun: true })).toMatchObject({ kind: 'full', usersRead: 3, notes });
  expect(await scene.run({ kind: 'incremental' })).toMatchObject({ kind: 'full', usersRead: 3, notes });
  expect(await scene.run({ kind: 'incremental' })).toMatchObject({ kind: 'incremental', usersRead: 3, notes: [] });
  await scene.sql`update clerk.reconcile_runs set instance_id = 'ins_other'`;
  expect(await scene.run({ kind: 'incremental' })).toMatchObject({ kind: 'full', notes });
  const runs = await readRuns(scene);
  expect(runs.map(({ kind }) => kind)).toEqual(['full', 'incremental', 'full']);
});

test('becomes a full run beyond twenty pages, which a dry run counts once', async () => {
  const scene = await useCompared(9200);
  const at = recently();
  for (let n = 0; n < 9200; n += 1) scene.clerk.setUser(makeApiUser(n, { banned: true, updated_at: at + n }));
  const found = { found: 9200, fields: { banned: 9200 } };
  const notes = ['So many users have changed since the last run that all are compared.'];
  const dry = await scene.run({ kind: 'incremental', dryRun: true });
  expect(dry).toMatchObject({ kind: 'full', usersRead: 9200, notes, drift: { older: { ...found, left: 9200 } } });
  const place = scene.clerk.requests.length;
  const report = await scene.run({ kind: 'incremental' });
  expect(report).toMatchObject({
    kind: 'full',
    usersRead: 9200,
    notes,
    drift: { older: { ...found, repaired: 9200 } },
  });
  expect(listRequests(scene, place).filter((request) => /\/users \d/.test(request)).length).toBe(20);
  const [run] = await readRuns(scene);
  expect(run).toMatchObject({ kind: 'full', watermark_at: new Date(at + 9199), users_read: 9200 });
});

test('keeps the watermark where those who changed last are deleted', async () => {
  const scene = await useCompared(5);
  change(scene, 4, recently());
  await scene.run({ kind: 'incremental' });
  const [before] = await readRuns(scene);
  scene.clerk.deleteUser(makeUserId(4));
  await scene.run({ kind: 'incremental' });
  await scene.run();
  expect((await readRuns(scene)).slice(0, 2).map(({ watermark_at }) => watermark_at)).toEqual([
    before?.watermark_at,
    before?.watermark_at,
  ]);
});

describe('between two pages', () => {
  /** Twelve hundred users, all changed; `meanwhile` happens before the second page is served. */
  async function useMeanwhile(meanwhile: (scene: ReconcileScene) => void) {
    const scene = await useCompared(1200);
    const at = recently();
    for (let n = 0; n < 1200; n += 1) change(scene, n, at + n);
    let pages = 0;
    scene.clerk.intercept(({ path }) => {
      if (path !== '/users') return;
      pages += 1;
      if (pages === 2) meanwhile(scene);
    });
    const report = await scene.run({ kind: 'incremental' });
    scene.clerk.intercept(undefined);
    const left = await scene.sql<{ id: string }[]>`
      select id from clerk.users where first_name <> 'Changed' order by id collate "C"`;
    return { report, left: left.map(({ id }) => id) };
  }

  test('those who are changed move to the top, and are the next run’s', async () => {
    const { report, left } = await useMeanwhile((scene) => {
      for (let n = 0; n < 200; n += 1) change(scene, n, recently() + 10_000_000 + n);
    });
    expect([report.kind, left]).toEqual(['incremental', Array.from({ length: 200 }, (_, n) => makeUserId(n))]);
  });

  test.each([10, 50, 120])('%i who are deleted push nobody past a page’s end', async (count) => {
    const { report, left } = await useMeanwhile(({ clerk }) => {
      for (let n = 1100; n < 1100 + count; n += 1) clerk.deleteUser(makeUserId(n));
    });
    expect([report.failure, left]).toEqual([undefined, []]);
  });
});
