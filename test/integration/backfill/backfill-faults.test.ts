import { describe, expect, test } from 'vitest';
import { listCursors, makeApiUsers, useBackfill } from '../../support/backfill.ts';
import type { Fault } from '../../support/fake-clerk/fake-clerk.ts';
import { makeUserId } from '../../support/fake-clerk/make-api-user.ts';

/**
 * Everything that can go wrong with a request, at each request of a walk: whose instance, how many users, and four pages.
 * Once, it passes, and the walk ends right. For good, the run ends with a sentence and can be gone on with.
 */
const USERS = 7;
const CURSORS = [null, makeUserId(1), makeUserId(3), makeUserId(5)];
/** The requests before the first page. */
const QUESTIONS = ['/instance', '/users/count'];
/** Behind each page but the first its cursor is asked for, and behind the last one the count. */
const REQUESTS = [
  ...QUESTIONS,
  ...CURSORS.flatMap((cursor) => (cursor === null ? [cursor] : [cursor, 'user'])),
  'count',
];

const retryAfter = (seconds: string) => ({ kind: 'status', status: 429, headers: { 'retry-after': seconds } }) as const;

/** What trying again helps against, and what is said where it does not. */
const PASSING: readonly (readonly [string, Fault, RegExp])[] = [
  ['429', retryAfter('0'), /^Clerk keeps limiting the requests: there are too many \(status 429/],
  ['429 without a time', { kind: 'status', status: 429 }, /^Clerk keeps limiting the requests/],
  ['500', { kind: 'status', status: 500 }, /^The Backend API does not answer as it should: .*status 500/],
  ['a proxy’s 502', { kind: 'proxy_page', status: 502 }, /^The Backend API does not answer as it should/],
  ['a cut', { kind: 'cut' }, /^The Backend API does not answer as it should: .*the connection was cut/],
  ['half a body', { kind: 'half_body' }, /^The Backend API does not answer as it should/],
  ['wrong JSON', { kind: 'wrong_json' }, /^What answers is not as the Backend API is: it is not JSON/],
  ['another shape', { kind: 'not_an_array' }, /^What answers is not as the Backend API is: it is not a/],
  ['silence', { kind: 'never' }, /^The Backend API does not answer as it should: no whole answer within/],
  ['a body that stalls', { kind: 'stalled_body' }, /^The Backend API does not answer as it should: no whole answer/],
  ['slowness', { kind: 'slow', ms: 2000 }, /^The Backend API does not answer as it should: no whole answer/],
];

const LASTING: readonly (readonly [string, Fault, RegExp])[] = [
  ['401', { kind: 'status', status: 401 }, /^Clerk does not accept the secret key/],
  ['403', { kind: 'status', status: 403 }, /^The Backend API refuses to serve this/],
  [
    'a redirect',
    { kind: 'status', status: 302, headers: { location: '/' } },
    /^Clerk's Backend API is not at this address/,
  ],
  ['a proxy’s 404', { kind: 'proxy_page', status: 404 }, /^Clerk's Backend API is not at this address/],
];

/** The numbers of the requests. */
const PLACES = REQUESTS.map((_, place) => place);

async function useWalk(patience: { requestMs?: number; failingMs?: number; limitedMs?: number } = {}) {
  const scene = await useBackfill({ users: makeApiUsers(USERS), pageSize: 2, timings: patience });
  const { clerk, sql } = scene;
  return {
    ...scene,
    /** From the request with this number on, that many go wrong. */
    breakAt(place: number, fault: Fault, times = 1) {
      clerk.intercept((request) => (request.place >= place && request.place < place + times ? fault : undefined));
    },
    readAll: async () => ({
      ids: (await sql`select id from clerk.users order by id`).map(({ id }) => id),
      runs: [...(await sql`select state, users_read::int, applied::int, stale::int from clerk.backfill_runs`)],
    }),
  };
}

const whole = {
  ids: Array.from({ length: USERS }, (_, n) => makeUserId(n)),
  runs: [{ state: 'finished', users_read: USERS, applied: USERS, stale: 0 }],
};

describe.each(PASSING)('%s', (_name, fault) => {
  test.each(PLACES)(
    'once, at request %d, is tried again: the walk ends right, and no page is applied twice',
    async (place) => {
      const { clerk, breakAt, readAll, run } = await useWalk({ requestMs: 400 });
      breakAt(place, fault);
      expect(await run()).toMatchObject({ end: 'finished', resumed: false, usersHere: USERS });
      expect(await readAll()).toEqual(whole);
      const expected = CURSORS.flatMap((cursor) => (cursor === REQUESTS[place] ? [cursor, cursor] : [cursor]));
      expect(listCursors(clerk)).toEqual(expected);
    },
  );
});

describe.each([...PASSING, ...LASTING])('%s for good', (_name, fault, sentence) => {
  test.each([
    [0, 0],
    [2, 0],
    [5, 4],
  ])('from request %d on, ends the run with a sentence; the next one goes on', async (place, done) => {
    const { clerk, breakAt, readAll, run } = await useWalk({ requestMs: 150, failingMs: 200, limitedMs: 100 });
    breakAt(place, fault, Number.POSITIVE_INFINITY);
    if (place < QUESTIONS.length) {
      await expect(run()).rejects.toMatchObject({ message: expect.stringMatching(sentence) });
      expect(await readAll()).toEqual({ ids: [], runs: [] });
    } else {
      expect(await run()).toMatchObject({ end: 'failure', error: expect.stringMatching(sentence), usersHere: done });
      expect(await readAll()).toEqual({
        ids: whole.ids.slice(0, done),
        runs: [{ state: 'failed', users_read: done, applied: done, stale: 0 }],
      });
    }
    const before = clerk.requests.length;
    clerk.intercept(undefined);
    expect(await run()).toMatchObject({ end: 'finished', resumed: place > 0, usersHere: USERS - done });
    expect(await readAll()).toEqual(whole);
    expect(listCursors({ requests: clerk.requests.slice(before) })).toEqual(CURSORS.slice(done / 2));
  });
});

test('Retry-After is obeyed, by the page that is fetched ahead too', async () => {
  const { clerk, breakAt, run } = await useWalk();
  breakAt(5, retryAfter('1'));
  expect(await run()).toMatchObject({ end: 'finished' });
  const [refused, next] = clerk.requests.slice(5).map(({ at }) => at);
  expect((next ?? 0) - (refused ?? 0)).toBeGreaterThanOrEqual(1000);
});

test('a walk that takes its time ends right', async () => {
  const { clerk, readAll, run } = await useWalk();
  clerk.intercept(() => ({ kind: 'slow', ms: 100 }));
  expect(await run()).toMatchObject({ end: 'finished' });
  expect(await readAll()).toEqual(whole);
});
