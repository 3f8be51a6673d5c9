import { describe, expect, test } from 'vitest';
import type { Fault } from '../../support/fake-clerk/fake-clerk.ts';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { makeApiUsers, type ReconcileScene, useReconcileScene } from '../../support/reconcile-scene.ts';

const makeIds = (from: number, to: number) =>
  makeApiUsers(to)
    .slice(from)
    .map(({ id }) => id);

/** Users of whom `gone` were deleted at Clerk, while no webhook told of it. */
async function useDeleted(count: number, gone: readonly string[]) {
  const scene = await useReconcileScene(makeApiUsers(count));
  await scene.fill();
  for (const id of gone) scene.clerk.deleteUser(id);
  return scene;
}

/** Every request for one user that Clerk does not have is answered with this. */
function answerAbsence({ clerk }: ReconcileScene, fault: Fault): void {
  clerk.intercept(({ path }) => (/^\/users\/user_/.test(path) ? fault : undefined));
}

test('makes a tombstone of a user whom Clerk no longer has, wherever in the walk he was, without his children', async () => {
  const gone = [0, 7, 11].map(makeUserId);
  const { run, sql, readIds } = await useDeleted(12, gone);
  const drift = { absent: { found: 3, repaired: 3, left: 0, examples: gone, fields: {} } };
  const { runId, drift: found } = await run();
  expect(found).toEqual(drift);
  const tombstones =
    await sql`select id, last_message_id, first_name from clerk.users where deleted_at is not null order by id`;
  expect([...tombstones]).toEqual(gone.map((id) => ({ id, last_message_id: runId, first_name: null })));
  expect([...(await sql`select user_id from clerk.email_addresses where user_id in ${sql(gone)}`)]).toEqual([]);
  expect((await readIds('alive')).length).toBe(9);
  expect((await run()).drift).toEqual({});
});

test('finds a deleted user among pages, and where rows say no creation time or a wrong one', async () => {
  const gone = [499, 500, 501, 700, 701, 1100].map(makeUserId);
  const { run, sql, readIds } = await useDeleted(1101, gone);
  await sql`update clerk.users set created_at = null where id in ${sql([makeUserId(700), makeUserId(20)])}`;
  await sql`update clerk.users set created_at = '2031-01-01' where id in ${sql([makeUserId(701)])}`;
  await sql`update clerk.users set created_at = '2001-01-01' where id in ${sql([makeUserId(21)])}`;
  const { drift, error } = await run();
  expect(error).toBe(undefined);
  expect(drift).toEqual({
    different: { found: 2, repaired: 2, left: 0, examples: [20, 21].map(makeUserId), fields: { created_at: 2 } },
    absent: { found: 6, repaired: 6, left: 0, examples: expect.any(Array), fields: {} },
  });
  expect(await readIds('deleted')).toEqual(gone);
});

test('counts a user once whose row says another creation time', async () => {
  const { run, sql } = await useDeleted(1001, []);
  await sql`update clerk.users set created_at = '2001-01-01' where id in ${sql([makeUserId(900)])}`;
  await sql`update clerk.users set created_at = '2026-01-01' where id in ${sql([makeUserId(9)])}`;
  const found = { found: 2, examples: [9, 900].map(makeUserId), fields: { created_at: 2 } };
  const dry = await run({ dryRun: true });
  expect(dry.drift).toEqual({ different: { ...found, repaired: 0, left: 2, examples: expect.any(Array) } });
  expect((await run()).drift.different).toMatchObject({ repaired: expect.any(Number), left: 0 });
  expect((await run()).drift).toEqual({});
});

test('finds deleted users among many of one creation time', async () => {
  const at = Date.UTC(2025, 5, 1);
  const users = Array.from({ length: 1300 }, (_, n) => makeApiUser(n, { created_at: at }));
  const scene = await useReconcileScene(users);
  await scene.fill();
  for (const n of [3, 600, 1299]) scene.clerk.deleteUser(makeUserId(n));
  const before = scene.clerk.requests.length;
  expect((await scene.run()).drift).toMatchObject({ absent: { found: 3, repaired: 3, left: 0 } });
  // Those of the pages before are not asked for again; the two at the ends of full pages are.
  const asked = scene.clerk.requests.slice(before).filter(({ path }) => path.startsWith('/users/user_'));
  expect(asked.length).toBe(3 + 2);
  expect(await scene.readIds('deleted')).toEqual([3, 600, 1299].map(makeUserId));
});

test('a dry run asks for those who are absent, and writes nothing', async () => {
  const { run, readAll, clerk } = await useDeleted(5, [makeUserId(2)]);
  const before = await readAll();
  expect((await run({ dryRun: true })).drift).toEqual({
    absent: { found: 1, repaired: 0, left: 1, examples: [makeUserId(2)], fields: {} },
  });
  expect(await readAll()).toEqual(before);
  expect(clerk.requests.slice(-2).map(({ path }) => path)).toEqual([`/users/${makeUserId(2)}`, '/users/count']);
});

test('an incremental run deletes nobody', async () => {
  const { run, readIds, clerk } = await useDeleted(5, []);
  await run();
  clerk.deleteUser(makeUserId(2));
  expect((await run({ kind: 'incremental' })).drift).toEqual({});
  expect(await readIds('deleted')).toEqual([]);
});

test('leaves a user alone who was created less than a minute ago, and judges him later', async () => {
  const { run, sql, readIds } = await useDeleted(5, [makeUserId(4)]);
  const age = (seconds: number) =>
    sql`update clerk.users set created_at = now() - ${`${seconds} s`}::interval, observed_at = now() - interval '1 s'
        where id = ${makeUserId(4)}`;
  await age(30);
  expect((await run()).drift).toEqual({});
  await age(90);
  expect((await run()).drift).toMatchObject({ absent: { repaired: 1 } });
  expect(await readIds('deleted')).toEqual([makeUserId(4)]);
});

describe('the limit', () => {
  const tell = (users: number, all = users) =>
    `Users here who are not at Clerk any more: ${users}. That is more than the 50 that a run may delete by itself (50, or a tenth of the users here), so nobody was deleted. Make sure that CLERK_SECRET_KEY and CLERK_API_URL are right; then allow so many with --max-deletions ${all}.`;

  test('is fifty, and beyond it nobody is deleted', async () => {
    const { run, readIds, clerk } = await useDeleted(60, makeIds(0, 51));
    const { drift, notes } = await run();
    expect(drift).toMatchObject({ absent: { found: 51, repaired: 0, left: 51 } });
    expect(notes).toEqual([tell(51)]);
    expect(await readIds('deleted')).toEqual([]);
    clerk.setUser(makeApiUser(0));
    expect((await run()).drift).toMatchObject({ absent: { found: 50, repaired: 50, left: 0 } });
    expect(await readIds('deleted')).toEqual(makeIds(1, 51));
  });

  test('is a tenth where that is more', async () => {
    const { run, readIds, clerk } = await useDeleted(700, makeIds(100, 171));
    expect((await run()).drift).toMatchObject({ absent: { found: 71, repaired: 0, left: 71 } });
    clerk.setUser(makeApiUser(100));
    expect((await run()).drift).toMatchObject({ absent: { found: 70, repaired: 70, left: 0 } });
    expect(await readIds('deleted')).toEqual(makeIds(101, 171));
  });

  test('stops the asking where it is passed, and tells how many were not asked for', async () => {
    const { run, clerk } = await useDeleted(300, makeIds(0, 299));
    const asked = clerk.requests.length;
    const { drift, notes } = await run();
    expect(drift).toMatchObject({ absent: { found: 100, repaired: 0, left: 100 } });
    expect(notes).toEqual([
      'Users here who were not in the walk either, and have not been asked for: 199.',
      tell(100, 299),
    ]);
    expect(clerk.requests.slice(asked).filter(({ path }) => path.startsWith('/users/user_')).length).toBe(100);
  });

  test.each([
    [2, 0, 3],
    [3, 3, 0],
    [0, 0, 3],
  ])('is what --max-deletions says: %i', async (maxDeletions, repaired, left) => {
    const { run, readIds } = await useDeleted(9, makeIds(2, 5));
    const { drift, notes } = await run({ maxDeletions });
    expect(drift).toMatchObject({ absent: { found: 3, repaired, left } });
    expect(notes).toEqual(
      left === 0 ? [] : [expect.stringContaining(`more than --max-deletions ${maxDeletions} allows`)],
    );
    expect((await readIds('deleted')).length).toBe(repaired);
  });
});

test('deletes nobody where Clerk has no user at all', async () => {
  const { run, readIds, clerk } = await useDeleted(7, makeIds(0, 7));
  const { drift, notes } = await run({ maxDeletions: 100 });
  expect(drift).toEqual({ absent: { found: 7, repaired: 0, left: 7, examples: [], fields: {} } });
  expect(notes).toEqual([
    'Clerk has no user at all, and 7 are stored here: nobody was asked for or deleted. Make sure that CLERK_SECRET_KEY and CLERK_API_URL are right.',
  ]);
  expect(await readIds('deleted')).toEqual([]);
  expect(clerk.requests.filter(({ path }) => path.startsWith('/users/user_'))).toEqual([]);
});

test.each<[string, Fault]>([
  ['a proxy', { kind: 'proxy_page', status: 404 }],
  ['another API', { kind: 'status', status: 404, body: '{"errors":[{"code":"route_not_found"}]}' }],
  ['nobody', { kind: 'cut' }],
  ['another user', { kind: 'body', text: JSON.stringify(makeApiUser(1)) }],
])('deletes nobody where %s answers for a user', async (_who, fault) => {
  const scene = await useDeleted(7, [makeUserId(3), makeUserId(5)]);
  answerAbsence(scene, fault);
  const { failure, drift } = await scene.run();
  expect(failure).toBeInstanceOf(Error);
  expect(drift).toEqual({});
  expect(await scene.readIds('deleted')).toEqual([]);
});

test('repairs a user whom the walk has missed and Clerk has', async () => {
  const scene = await useDeleted(7, [makeUserId(3)]);
  const changed = makeApiUser(3, { first_name: 'Again', updated_at: Date.UTC(2026, 0, 1) });
  scene.clerk.intercept(({ path }) => {
    if (path === `/users/${makeUserId(3)}`) scene.clerk.setUser(changed);
  });
  expect((await scene.run()).drift).toEqual({
    older: { found: 1, repaired: 1, left: 0, examples: [makeUserId(3)], fields: { first_name: 1 } },
  });
  expect(await scene.readIds('deleted')).toEqual([]);
});

test('counts only its own users for the limit, and reports those of another instance', async () => {
  const { run, sql, readIds } = await useDeleted(700, makeIds(0, 61));
  await sql`update clerk.users set instance_id = 'ins_other' where id in ${sql(makeIds(0, 1))}`;
  await sql`update clerk.users set instance_id = 'ins_other', deleted_at = null where id in ${sql(makeIds(500, 700))}`;
  const { drift, notes } = await run({ maxDeletions: 60 });
  expect(drift).toMatchObject({
    absent: { found: 60, repaired: 60, left: 0 },
    other_instance: { found: 1, repaired: 0, left: 1, examples: makeIds(0, 1) },
  });
  expect([notes, await readIds('deleted')]).toEqual([[], makeIds(1, 61)]);
});

test('refuses where all users here are of another instance', async () => {
  const { run, sql, readAll } = await useDeleted(3, []);
  await sql`update clerk.users set instance_id = 'ins_other'`;
  const { reconcile_runs: _, ...before } = await readAll();
  const { failure, error } = await run();
  expect(failure).toMatchObject({ code: 'other_instance' });
  expect(error).toContain('are of another Clerk instance (ins_other)');
  const { reconcile_runs: runs, ...after } = await readAll();
  expect(after).toEqual(before);
  expect(runs).toMatchObject([{ state: 'failed', error, users_read: 0, finished_at: null, watermark_at: null }]);
});

test('deletes nobody of an unknown instance where the walk has met nobody', async () => {
  const { run, sql, readIds, clerk } = await useDeleted(3, []);
  await sql`update clerk.users set instance_id = null`;
  clerk.setUsers([makeApiUser(10)]);
  const first = await run();
  expect(first.drift).toMatchObject({ missing: { repaired: 1 }, absent: { found: 3, repaired: 0, left: 3 } });
  expect(first.notes).toEqual([expect.stringContaining('may be of another Clerk instance')]);
  expect(await readIds('deleted')).toEqual([]);
  expect((await run()).drift).toMatchObject({ absent: { repaired: 3 } });
});
