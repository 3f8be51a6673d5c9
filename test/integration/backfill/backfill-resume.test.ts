import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { BackfillProgress } from '../../../src/backfill/backfill-options.ts';
import { runBackfill } from '../../../src/backfill/run-backfill.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { isPage, listCursors, makeApiUsers, useBackfill } from '../../support/backfill.ts';
import { spawnCli } from '../../support/cli-process.ts';
import type { Fault } from '../../support/fake-clerk/fake-clerk.ts';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';

const USERS = 7;
/** Of two users: the cursors of a walk that nothing stops. */
const CURSORS = [null, makeUserId(1), makeUserId(3), makeUserId(5)];

/** Until the server has noticed that a killed process is gone. */
const LOCKS = `
  select from pg_locks l join pg_database d on d.oid = l.database
  where l.locktype = 'advisory' and d.datname = current_database()`;

async function useWalk(users = makeApiUsers(USERS)) {
  const scene = await useBackfill({ users, pageSize: 2 });
  const { clerk, sql } = scene;
  return {
    ...scene,
    /** Calls `act` when the page with this number, from 0, is asked for, and once only. */
    onPage(number: number, act: () => Fault | undefined) {
      let page = -1;
      clerk.intercept((request) => {
        if (!isPage(request)) return;
        page += 1;
        return page === number ? act() : undefined;
      });
    },
    readIds: async () => (await sql`select id from clerk.users order by id`).map(({ id }) => id),
    readRuns: async () => [
      ...(await sql`select run_id, state, checkpoint_user_id, users_read::int, applied::int, stale::int, error
        from clerk.backfill_runs order by started_at, run_id`),
    ],
  };
}

const allIds = Array.from({ length: USERS }, (_, n) => makeUserId(n));

describe.each([0, 1, 2, 3])('while page %d is asked for', (page) => {
  test('a signal ends the run behind what is committed, and the next one goes on there', async () => {
    const { clerk, onPage, run, readIds, readRuns } = await useWalk();
    const controller = new AbortController();
    onPage(page, () => {
      controller.abort();
    });
    const stopped = await run({ signal: controller.signal });
    expect(stopped).toMatchObject({ end: 'signal', usersHere: stopped.run.usersRead, run: { state: 'stopped' } });
    const done = stopped.run.usersRead;
    // The page before is in work, or was.
    expect([2 * (page - 1), 2 * page].map((users) => Math.max(0, users))).toContain(done);
    const before = clerk.requests.length;
    clerk.intercept(undefined);
    expect(await run()).toMatchObject({ end: 'finished', resumed: true, usersHere: USERS - done });
    expect(listCursors({ requests: clerk.requests.slice(before) })).toEqual(CURSORS.slice(done / 2));
    expect(await readIds()).toEqual(allIds);
    expect(await readRuns()).toEqual([
      {
        ...{ run_id: stopped.run.runId, state: 'finished', checkpoint_user_id: allIds.at(-1) },
        ...{ users_read: USERS, applied: USERS, stale: 0, error: null },
      },
    ]);
  });

  test('a failure ends it with a sentence, and the next one goes on behind the last committed page', async () => {
    const { clerk, onPage, run, readIds, readRuns } = await useWalk();
    onPage(page, () => ({ kind: 'status', status: 401 }));
    const failed = await run();
    const [done, committed] = [2 * page, page === 0 ? null : makeUserId(2 * page - 1)];
    expect(failed).toMatchObject({ end: 'failure', usersHere: done, failure: { code: 'unauthorized' } });
    expect(await readRuns()).toEqual([
      {
        ...{ run_id: failed.run.runId, state: 'failed', checkpoint_user_id: committed },
        ...{ users_read: done, applied: done, stale: 0 },
        error: expect.stringMatching(/^Clerk does not accept the secret key: .* Copy CLERK_SECRET_KEY again/),
      },
    ]);
    const before = clerk.requests.length;
    expect(await run()).toMatchObject({ end: 'finished', resumed: true, usersHere: USERS - done });
    expect(listCursors({ requests: clerk.requests.slice(before) })).toEqual(CURSORS.slice(page));
    expect(await readIds()).toEqual(allIds);
  });
});

test('a signal ends it after the page in work, also where the next one is here already', async () => {
  const { settle, url, makeApi, readIds } = await useWalk();
  const controller = new AbortController();
  const onProgress = ({ kind }: BackfillProgress) => void (kind === 'page' && controller.abort());
  const stopped = await runBackfill({
    api: makeApi(),
    settle,
    target: parseDatabaseUrl(url),
    signal: controller.signal,
    onProgress,
  });
  expect(stopped).toMatchObject({ end: 'signal', usersHere: 2, run: { state: 'stopped' } });
  expect(await readIds()).toEqual(allIds.slice(0, 2));
});

test('a killed process is gone on with behind the last committed page, by nobody else meanwhile', async () => {
  const users = makeApiUsers(2600);
  const { clerk, sql, env, run } = await useBackfill({ users });
  const directory = tmpdir();
  for (const page of [1, 3, 4]) {
    const child = spawnCli(['backfill'], { directory, env });
    clerk.intercept(async ({ query }) => {
      if (query.starting_after !== makeUserId(500 * page - 1)) return;
      // While it waits for this page the one before is written.
      const committed = () => sql`select checkpoint_user_id from clerk.backfill_runs`;
      await expect.poll(committed).toEqual([{ checkpoint_user_id: makeUserId(500 * page - 1) }]);
      await expect(run()).rejects.toThrow('Another backfill is running on this database.');
      child.kill('SIGKILL');
      return { kind: 'cut' };
    });
    await once(child, 'close');
    await expect.poll(async () => (await sql.unsafe(LOCKS)).length).toBe(0);
  }
  clerk.intercept(undefined);
  const before = clerk.requests.length;
  const report = await run();
  expect(report).toMatchObject({ end: 'finished', resumed: true, usersHere: 600, run: { usersRead: 2600 } });
  expect(listCursors({ requests: clerk.requests.slice(before) })).toEqual([makeUserId(1999), makeUserId(2499)]);
  // Each page was applied once, in whichever process.
  expect(await sql`select pages, applied::int, stale::int from clerk.backfill_runs`).toEqual([
    { pages: 6, applied: 2600, stale: 0 },
  ]);
});

test('the user of the checkpoint may be deleted meanwhile, and others with him', async () => {
  const { clerk, onPage, run, readIds } = await useWalk();
  onPage(2, () => ({ kind: 'status', status: 403 }));
  expect(await run()).toMatchObject({ end: 'failure', run: { position: { userId: makeUserId(3) } } });
  for (const n of [2, 3, 4]) clerk.deleteUser(makeUserId(n));
  clerk.setUser(makeApiUser(8));
  expect(await run()).toMatchObject({ end: 'finished', usersHere: 3 });
  // Those who were deleted after they were read are left to their webhook, and to the reconcile.
  expect(await readIds()).toEqual([0, 1, 2, 3, 5, 6, 8].map(makeUserId));
});

describe('a limit', () => {
  test('ends a run that the next one goes on with, each with a limit of its own', async () => {
    const { clerk, run, readIds, readRuns } = await useWalk();
    const first = await run({ maxUsers: 3 });
    expect(first).toMatchObject({ end: 'limit', usersHere: 3, run: { state: 'stopped', usersRead: 3 } });
    expect(await readIds()).toEqual(allIds.slice(0, 3));
    expect(await run({ maxUsers: 2 })).toMatchObject({ end: 'limit', resumed: true, usersHere: 2 });
    expect(await run({ maxUsers: 50 })).toMatchObject({ end: 'finished', resumed: true, usersHere: 2 });
    expect(await readRuns()).toMatchObject([{ run_id: first.run.runId, state: 'finished', users_read: USERS }]);
    expect(listCursors(clerk)).toEqual([null, ...[1, 2, 4, 6].map(makeUserId)]);
  });

  test('that is just as many as there are leaves it to the next run to see that nobody follows', async () => {
    const { run } = await useWalk();
    expect(await run({ maxUsers: USERS })).toMatchObject({ end: 'limit', usersHere: USERS });
    expect(await run()).toMatchObject({ end: 'finished', resumed: true, usersHere: 0, run: { usersRead: USERS } });
  });
});

test('a run that is begun anew begins with the first user, and closes the one before', async () => {
  const { clerk, run, readRuns } = await useWalk();
  const first = await run({ maxUsers: 4 });
  const before = clerk.requests.length;
  const second = await run({ restart: true });
  expect(second).toMatchObject({ end: 'finished', resumed: false, usersHere: USERS });
  expect(listCursors({ requests: clerk.requests.slice(before) })).toEqual(CURSORS);
  expect((await readRuns()).map(({ run_id, state }) => ({ run_id, state }))).toEqual([
    { run_id: first.run.runId, state: 'stopped' },
    { run_id: second.run.runId, state: 'finished' },
  ]);
  const third = await run();
  expect(third).toMatchObject({ resumed: false, usersHere: USERS });
});

test('a run of another instance is not gone on with', async () => {
  const { sql, run } = await useWalk();
  const first = await run({ maxUsers: 4 });
  await sql`update clerk.backfill_runs set instance_id = 'ins_other'`;
  const second = await run();
  expect(second).toMatchObject({ end: 'finished', resumed: false, usersHere: USERS });
  expect(second.run.runId).not.toBe(first.run.runId);
});
