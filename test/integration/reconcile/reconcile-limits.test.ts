import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ReconcileLimits } from '../../../src/reconcile/reconcile-options.ts';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { makeApiUsers, type ReconcileScene, useReconcileScene } from '../../support/reconcile-scene.ts';

const HISTORIES = 5;
const SEED = Number(process.env.RECONCILE_SEED ?? Date.now() % 2 ** 31);

const recently = () => Date.now() - 1_800_000;

/** Users of whom a full run has made the copy, all but `changed` of them changed since without a webhook. */
async function useChanged(count: number, changed: number) {
  const scene = await useReconcileScene(makeApiUsers(count));
  await scene.fill();
  await scene.run();
  const at = recently();
  for (let n = 0; n < changed; n += 1) change(scene, n, at + n);
  return { ...scene, at };
}

function change({ clerk }: Pick<ReconcileScene, 'clerk'>, n: number, updatedAt: number, name = 'Changed'): void {
  clerk.setUser(makeApiUser(n, { first_name: name, updated_at: updatedAt }));
}

const short = (scene: Pick<ReconcileScene, 'run'>, limits: ReconcileLimits = { maxPages: 1 }) =>
  scene.run({ kind: 'incremental', limits });

/** Short runs until one has finished; how many that took. */
async function runAll(scene: Pick<ReconcileScene, 'run'>, limits?: ReconcileLimits): Promise<number> {
  for (let runs = 1; runs < 50; runs += 1) {
    const { isStopped, failure } = await short(scene, limits);
    expect(failure).toBeUndefined();
    if (!isStopped) return runs;
  }
  throw new Error('They never came to an end.');
}

async function readRuns({ sql }: Pick<ReconcileScene, 'sql'>) {
  return [
    ...(await sql`
      select kind, state, watermark_at, checkpoint, users_read::int, finished_at is null as open
      from clerk.reconcile_runs order by started_at desc`),
  ];
}

test('a series of short runs ends where one long run ends, and records each', async () => {
  const scene = await useChanged(1500, 1200);
  const first = await short(scene);
  expect(first).toMatchObject({ kind: 'incremental', usersRead: 500, isStopped: true, deadLetters: 0 });
  const newest = new Date(scene.at + 1199);
  const [stopped, { watermark_at: watermark } = {}] = await readRuns(scene);
  expect(stopped).toEqual({
    ...{ kind: 'incremental', state: 'stopped', watermark_at: null, users_read: 500, open: true },
    checkpoint: { newest: newest.toISOString(), reached: new Date(scene.at + 700).toISOString(), offset: 450 },
  });
  expect(watermark).not.toBeNull();
  // All users were made within five minutes: it goes down to the end of the list.
  expect(await runAll(scene)).toBe(3);
  const [finished] = await readRuns(scene);
  expect(finished).toMatchObject({ state: 'finished', watermark_at: newest, checkpoint: null, open: false });
  expect((await scene.run()).drift).toEqual({});
});

test('a time limit ends it after the page that it is at', async () => {
  const scene = await useChanged(1200, 1100);
  const limits = { deadlineMs: 1 };
  expect(await short(scene, limits)).toMatchObject({ usersRead: 500, isStopped: true });
  expect(await runAll(scene, limits)).toBe(2);
  expect((await scene.run()).drift).toEqual({});
});

describe('without a finished run before it', () => {
  test('it compares everybody, in as many calls as that takes', async () => {
    const scene = await useReconcileScene(makeApiUsers(1200));
    expect(await short(scene)).toMatchObject({ kind: 'incremental', usersRead: 500, isStopped: true });
    expect(await runAll(scene)).toBe(2);
    expect((await scene.readIds('alive')).length).toBe(1200);
    expect(await short(scene)).toMatchObject({ kind: 'incremental', isStopped: false, drift: {} });
  });

  test('it goes on where another instance’s run was not stopped', async () => {
    const scene = await useReconcileScene(makeApiUsers(700));
    await short(scene);
    await scene.sql`update clerk.reconcile_runs set instance_id = 'ins_other'`;
    expect(await short(scene)).toMatchObject({ usersRead: 500, isStopped: true });
  });
});

test('a run that fails in between leaves the place of the stopped one', async () => {
  const scene = await useChanged(1200, 1100);
  await short(scene);
  scene.clerk.intercept(() => ({ kind: 'status', status: 500 }));
  expect((await short(scene)).error).toBeDefined();
  scene.clerk.intercept(undefined);
  expect(await runAll(scene)).toBe(2);
  expect((await scene.run()).drift).toEqual({});
});

test('a run without limits looks at everything since the watermark again', async () => {
  const scene = await useChanged(1200, 1100);
  await short(scene);
  expect(await scene.run({ kind: 'incremental' })).toMatchObject({ usersRead: 1200, isStopped: false });
  expect((await readRuns(scene))[0]).toMatchObject({ state: 'finished', checkpoint: null });
  await short(scene);
  expect(scene.clerk.requests.at(-1)?.query.offset).toBe('0');
});

test(`whoever changes, comes or goes between short runs: nobody is missed (${HISTORIES} histories, seed ${SEED})`, async () => {
  const scene = await useReconcileScene(makeApiUsers(240));
  const limits = { maxPages: 1, pageSize: 100 };
  let clock = recently() - 1_000_000;
  const step = fc.record({ kind: fc.constantFrom('change', 'change', 'create', 'delete', 'run'), n: fc.nat(279) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      for (const { kind, n } of steps) {
        clock += 1000;
        if (kind === 'run') await short(scene, limits);
        else if (kind === 'delete') scene.clerk.deleteUser(makeUserId(n));
        else change(scene, n, clock, `At ${clock}`);
      }
      await runAll(scene, limits);
      await runAll(scene, limits);
      const { drift } = await scene.run({ dryRun: true });
      // Short runs don't find who is gone: only a full one does.
      expect(Object.keys(drift).filter((name) => name !== 'absent' && name !== 'deleted_here')).toEqual([]);
    }),
    { numRuns: HISTORIES, seed: SEED },
  );
}, 180_000);
