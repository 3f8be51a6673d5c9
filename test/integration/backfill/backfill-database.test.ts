import { describe, expect, test } from 'vitest';
import type { BackfillProgress } from '../../../src/backfill/backfill-options.ts';
import { isPage, listCursors } from '../../support/backfill.ts';
import { makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { CONNECTIONS, PATIENCE, USERS, useFragileBackfill } from '../../support/fragile-backfill.ts';

/**
 * Postgres that goes away in the middle of a backfill: cut at each point of a page and of the end, without the lock's
 * connection, and for longer than the run waits. What it is to end in: all rows, and no page from the start again.
 */

/** Of two users: the cursors of a walk that nothing stops. */
const CURSORS = [null, makeUserId(1), makeUserId(3), makeUserId(5)];

/** Where the page with this number is asked for twice, while the next one has been fetched ahead. */
const againFrom = (page: number) => [...CURSORS.slice(0, page + 2), ...CURSORS.slice(page)];

/** How the program's statements look on their way: a text's length stands before it in four bytes. */
const COMMIT = 'commit\0';
const checkpointOf = (userId: string) => `${userId}\0\0\0\u0018`;
const endAs = (state: string) => `\0\0\0${String.fromCharCode(state.length)}${state}`;

const finished = { state: 'finished', error: null, pages: 4, users_read: USERS, is_finished: true };

/** As the driver learns of it. */
const LOST = /^The (?:database closed the connection|connection to the database was lost|database can't be reached \()/;

/** By a later run, when two pages were done. */
const abandoned = {
  ...{ ...finished, state: 'stopped', error: 'A later run began anew.', is_finished: false },
  ...{ pages: 2, users_read: 4 },
};

const EITHER = [{ restart: false }, { restart: true }];

describe('connections that are cut', () => {
  test.each([
    { when: 'before a page is committed', arm: { cutBefore: COMMIT }, stored: 2 },
    { when: 'before the answer that it was', arm: { cutAfter: COMMIT }, stored: 4 },
    { when: 'before the checkpoint behind it', arm: { cutBefore: checkpointOf(makeUserId(3)) }, stored: 4 },
  ])('$when make the walk go on with that page', async ({ arm, stored }) => {
    const { clerk, sql, cut, waits, onPage, runThrough, readAll, expectAll } = await useFragileBackfill();
    onPage(1, () => Object.assign(cut, arm));
    const counts: unknown[] = [];
    const onProgress = async ({ kind }: BackfillProgress) =>
      void (kind === 'waiting' && counts.push(sql`select count(*)::int as users from clerk.users`.execute()));
    expect(await runThrough({ onProgress })).toMatchObject({ end: 'finished', resumed: false, usersHere: USERS });
    expect(await readAll()).toEqual({ users: await expectAll(), runs: [finished] });
    expect(await Promise.all(counts)).toEqual([[{ users: stored }]]);
    expect(listCursors(clerk)).toEqual(againFrom(1));
    expect(waits).toEqual([expect.stringMatching(LOST)]);
  });

  test('before the answer that the checkpoint is written cost no page, and no user of the limit', async () => {
    const { clerk, cut, onPage, runThrough, readAll, expectAll } = await useFragileBackfill();
    onPage(1, () => Object.assign(cut, { cutAfterCommitOf: checkpointOf(makeUserId(3)) }));
    expect(await runThrough({ maxUsers: 6 })).toMatchObject({ end: 'limit', usersHere: 6, run: { usersRead: 6 } });
    expect(listCursors(clerk)).toEqual([...CURSORS.slice(0, 3), ...CURSORS.slice(2, 3)]);
    expect(await readAll()).toEqual({
      users: (await expectAll()).slice(0, 6),
      runs: [{ ...finished, state: 'stopped', pages: 3, users_read: 6, is_finished: false }],
    });
  });

  test.each([
    { when: 'before', arm: { cutBefore: endAs('finished') }, cursors: [...CURSORS, makeUserId(6)] },
    { when: 'after', arm: { cutAfterCommitOf: endAs('finished') }, cursors: CURSORS },
  ])('$when the end is written make none that is begun anew', async ({ arm, cursors }) => {
    const { clerk, cut, waits, runThrough, readAll, expectAll } = await useFragileBackfill();
    Object.assign(cut, arm);
    expect(await runThrough()).toMatchObject({ end: 'finished', usersHere: USERS, run: { state: 'finished' } });
    expect(waits).toHaveLength(1);
    const { runs, users } = await readAll();
    expect(users).toEqual(await expectAll());
    expect(runs).toEqual([{ ...finished, pages: cursors.length }]);
    expect(listCursors(clerk)).toEqual(cursors);
  });

  test.each([
    { when: 'before', arm: { cutBefore: endAs('stopped') } },
    { when: 'after', arm: { cutAfterCommitOf: endAs('stopped') } },
  ])('$when the end of a limit is written ask for nobody more', async ({ arm }) => {
    const { clerk, cut, waits, runThrough, readAll } = await useFragileBackfill();
    Object.assign(cut, arm);
    expect(await runThrough({ maxUsers: 4 })).toMatchObject({
      end: 'limit',
      usersHere: 4,
      run: { state: 'stopped' },
    });
    expect(waits).toHaveLength(1);
    expect((await readAll()).runs).toEqual([
      { ...finished, state: 'stopped', pages: 2, users_read: 4, is_finished: false },
    ]);
    expect(listCursors(clerk)).toEqual(CURSORS.slice(0, 2));
  });
});

describe('without the connection that holds the lock', () => {
  test.each(EITHER)('the run notices before it writes, and goes on with that page: %o', async (options) => {
    const { clerk, waits, onPage, endConnections, runThrough, readAll, expectAll } = await useFragileBackfill();
    onPage(2, () => endConnections(CONNECTIONS.lock));
    expect(await runThrough(options)).toMatchObject({ end: 'finished', resumed: false, usersHere: USERS });
    expect(await readAll()).toEqual({ users: await expectAll(), runs: [finished] });
    expect(listCursors(clerk)).toEqual(againFrom(2));
    expect(waits).toEqual(['The connection that holds the lock was lost.']);
  });

  test.each(EITHER)(
    'one that another has taken meanwhile is waited for, and what it finished is not begun anew: %o',
    async ({ restart }) => {
      const { clerk, waits, onPage, endConnections, run, runThrough, readAll, expectAll } = await useFragileBackfill();
      const waited = Promise.withResolvers<void>();
      let other: ReturnType<typeof run> | undefined;
      onPage(2, async () => {
        await endConnections(CONNECTIONS.lock);
        clerk.intercept((request) => (isPage(request) ? waited.promise : undefined));
        other = run({ restart });
        await expect.poll(() => clerk.requests.filter(isPage).length, PATIENCE).toBe(4);
      });
      const report = await runThrough({ onProgress: () => void (waits.length === 2 && waited.resolve()) });
      const theirs = (await other)?.run.runId;
      expect(report).toMatchObject({ end: 'finished', run: { runId: theirs, state: 'finished' } });
      expect(waits.slice(0, 2)).toEqual([
        'The connection that holds the lock was lost.',
        'The lock of the backfill is not free yet.',
      ]);
      expect(await readAll()).toEqual({
        users: await expectAll(),
        runs: restart ? [abandoned, finished] : [finished],
      });
      // The first one's fourth page was asked for ahead.
      const [first, fourth, ...others] = listCursors(clerk).slice(3);
      expect([first, ...others]).toEqual(CURSORS.slice(restart ? 0 : 2));
      expect(fourth).toBe(CURSORS[3]);
    },
  );

  test('one that another has finished meanwhile stays finished, also where the first one gives up', async () => {
    const { onPage, endConnections, run, runThrough, readAll, expectAll } = await useFragileBackfill();
    onPage(2, async () => {
      await endConnections(CONNECTIONS.lock);
      await run();
    });
    expect(await runThrough({ patienceMs: 0 })).toMatchObject({
      ...{ end: 'failure', usersHere: 4, error: 'The connection that holds the lock was lost.' },
    });
    expect(await readAll()).toEqual({ users: await expectAll(), runs: [finished] });
  });

  test.each(EITHER)('in the middle of a page, it counts once, whoever of two comes first: %o', async ({ restart }) => {
    const { sql, onPage, endConnections, countWaiting, run, runThrough, readAll, expectAll } =
      await useFragileBackfill();
    const locked = Promise.withResolvers<void>();
    let blocking: Promise<unknown> | undefined;
    let other: ReturnType<typeof run> | undefined;
    onPage(2, () => {
      // Nobody writes users until two processes wait for it.
      blocking = sql.begin(async (tx) => {
        await tx`lock table clerk.users in exclusive mode`;
        locked.resolve();
        await expect.poll(countWaiting, PATIENCE).toBe(2);
        await endConnections(CONNECTIONS.lock);
        other = run({ restart });
        await expect.poll(countWaiting, PATIENCE).toBe(4);
      });
      return locked.promise;
    });
    const reports = [await runThrough(), await other];
    await blocking;
    expect(reports).toMatchObject([{ run: { state: 'finished' } }, { run: { state: 'finished' } }]);
    expect(await readAll()).toEqual({
      users: await expectAll(),
      runs: restart ? [abandoned, finished] : [finished],
    });
  });
});

test('with each page that is committed the run is as patient as at first', async () => {
  const { waits, onPage, endConnections, runThrough } = await useFragileBackfill();
  onPage(1, async () => {
    // Counted anew: the page that was fetched ahead, this one once more, and two further ones.
    onPage(3, () => endConnections(CONNECTIONS.lock));
    await endConnections(CONNECTIONS.lock);
  });
  expect(await runThrough({ patienceMs: 400 })).toMatchObject({ end: 'finished', usersHere: USERS });
  expect(waits).toHaveLength(2);
});

describe('a database that is away for longer than the run waits', () => {
  test.each([
    { treatment: 'close', sentence: LOST },
    { treatment: 'starting', sentence: /^The database refused to work now \(SQLSTATE 57P03\)\.$/ },
  ] as const)('ends it with a sentence, and the next one goes on: $treatment', async ({ treatment, sentence }) => {
    const { clerk, waits, treat, onPage, endConnections, run, runThrough, readAll, expectAll } =
      await useFragileBackfill();
    onPage(2, async () => {
      treat(treatment);
      await endConnections(CONNECTIONS.lock);
      await endConnections(CONNECTIONS.work);
    });
    const failed = await runThrough({ patienceMs: 1500 });
    expect(failed).toMatchObject({ end: 'failure', usersHere: 4, error: expect.stringMatching(sentence) });
    // After 250 ms and 500 ms more; another second would be too long.
    expect(waits).toHaveLength(2);
    expect((await readAll()).runs).toEqual([
      { ...finished, state: 'running', pages: 2, users_read: 4, is_finished: false },
    ]);
    const before = clerk.requests.length;
    expect(await run()).toMatchObject({ end: 'finished', resumed: true, usersHere: 3 });
    expect(await readAll()).toEqual({ users: await expectAll(), runs: [finished] });
    expect(listCursors({ requests: clerk.requests.slice(before) })).toEqual(CURSORS.slice(2));
  });

  test('may be stopped by a signal while it waits', async () => {
    const { treat, onPage, endConnections, countConnections, runThrough } = await useFragileBackfill();
    const controller = new AbortController();
    onPage(2, async () => {
      treat('close');
      await endConnections(CONNECTIONS.lock);
    });
    let connections = 0;
    const onProgress = ({ kind }: BackfillProgress) => {
      if (kind !== 'waiting') return;
      connections = countConnections();
      controller.abort();
    };
    expect(await runThrough({ signal: controller.signal, onProgress })).toMatchObject({ end: 'signal', usersHere: 4 });
    // The lock is not asked for once more.
    expect(countConnections()).toBe(connections);
  });
});
