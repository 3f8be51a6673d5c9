import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { ApiPage, ObservedUser, UserQuery } from '../../../src/clerk/api/clerk-api.ts';
import { ClerkApiError } from '../../../src/clerk/api/clerk-api-error.ts';
import { type WalkApi, type WalkedPage, type WalkOptions, walkUsers } from '../../../src/walk/walk-users.ts';

const CREATED_MS = Date.UTC(2026, 0, 1);

type Query = Extract<UserQuery, { order: 'created_at' }>;

/** Users by their numbers, created in that order, one a second; `gone` are those whom Clerk no longer knows. */
function makeApi(count: number, gone: ReadonlySet<number> = new Set()) {
  const queries: Query[] = [];
  const makeUser = (n: number) => {
    const values = { created_at: new Date(CREATED_MS + n * 1000) };
    return { id: `user_${n}`, user: { id: `user_${n}`, values }, readBody: () => '{}' };
  };
  const listUsers = async (query: UserQuery): Promise<ApiPage> => {
    const { startingAfter, createdAfter, limit = 500 } = query as Query;
    queries.push(query as Query);
    await turn();
    const after = startingAfter === undefined ? -1 : Number(startingAfter.slice('user_'.length));
    if (gone.has(after)) throw new ClerkApiError('cursor_unknown', 'it is refused');
    const first = createdAfter === undefined ? after + 1 : (createdAfter.getTime() + 1 - CREATED_MS) / 1000;
    const living = Array.from({ length: count }, (_, n) => n).filter((n) => n >= first && !gone.has(n));
    const users = living.slice(0, limit).map(makeUser) as unknown as ApiPage['users'];
    return { users, observedAt: new Date(), isFull: users.length >= limit };
  };
  const getUser = async (id: string): Promise<ObservedUser | undefined> => {
    const user = makeUser(Number(id.slice('user_'.length))) as unknown as ObservedUser['user'];
    return gone.has(Number(id.slice('user_'.length))) ? undefined : { user, observedAt: new Date() };
  };
  return { queries, api: { listUsers, getUser } satisfies WalkApi };
}

async function walk(api: WalkApi, options: WalkOptions) {
  const pages: WalkedPage[] = [];
  for await (const page of walkUsers(api, options)) pages.push(page);
  return pages.map(({ users, isLast }) => ({ ids: users.map(({ id }) => id), isLast }));
}

describe('a walk', () => {
  test('goes on behind the last user of each page, until one is not full', async () => {
    const { api, queries } = makeApi(5);
    expect(await walk(api, { pageSize: 2 })).toEqual([
      { ids: ['user_0', 'user_1'], isLast: false },
      { ids: ['user_2', 'user_3'], isLast: false },
      { ids: ['user_4'], isLast: true },
    ]);
    expect(queries).toEqual([
      { order: 'created_at', limit: 2 },
      { order: 'created_at', startingAfter: 'user_1', limit: 2 },
      { order: 'created_at', startingAfter: 'user_3', limit: 2 },
    ]);
  });

  test('asks for pages of 500, and once more where the last was full', async () => {
    const { api, queries } = makeApi(1000);
    const pages = await walk(api, {});
    expect(pages.map(({ ids, isLast }) => [ids.length, isLast])).toEqual([
      [500, false],
      [500, false],
      [0, true],
    ]);
    expect(queries.map(({ limit }) => limit)).toEqual([500, 500, 500]);
  });

  test.each([
    [1, [1]],
    [2, [2]],
    [3, [2, 1]],
  ])('of %d users at the most asks for no more than those', async (maxUsers, limits) => {
    const { api, queries } = makeApi(9);
    const pages = await walk(api, { pageSize: 2, maxUsers });
    expect(queries.map(({ limit }) => limit)).toEqual(limits);
    expect(pages.map(({ ids }) => ids.length)).toEqual(limits);
    expect(pages.some(({ isLast }) => isLast)).toBe(false);
  });

  test('has fetched one page more than was handed out, and never two', async () => {
    const { api, queries } = makeApi(9);
    const ahead: number[] = [];
    for await (const { users } of walkUsers(api, { pageSize: 2 })) {
      for (let turns = 0; turns < 20; turns += 1) await turn();
      ahead.push(queries.length);
      expect(users.length).toBeGreaterThan(0);
    }
    expect(ahead).toEqual([2, 3, 4, 5, 5]);
  });

  test('that is left early leaves no rejection behind', async () => {
    const { api } = makeApi(9);
    const failing: typeof api = {
      ...api,
      listUsers: async (query) => {
        if ((query as Query).startingAfter !== undefined) throw new ClerkApiError('unavailable', 'it is away');
        return api.listUsers(query);
      },
    };
    for await (const page of walkUsers(failing, { pageSize: 2 })) {
      expect(page.users).toHaveLength(2);
      break;
    }
    // An unhandled one would fail the test's process.
    await turn();
  });
});

describe('where the user to go on behind is gone', () => {
  test('and only he is known, as after a restart, it steps back to the moment when he was created', async () => {
    const { api, queries } = makeApi(6, new Set([2, 3]));
    const from = { userId: 'user_3', createdAt: new Date(CREATED_MS + 3000) };
    expect(await walk(api, { pageSize: 3, from })).toEqual([{ ids: ['user_4', 'user_5'], isLast: true }]);
    expect(queries).toEqual([
      { order: 'created_at', startingAfter: 'user_3', limit: 3 },
      { order: 'created_at', createdAfter: new Date(CREATED_MS + 2999), limit: 3 },
    ]);
  });

  test.each([1, 4])('%d of a page that are gone meanwhile are stepped over', async (deleted) => {
    const gone = new Set<number>();
    const { api, queries } = makeApi(9, gone);
    const deleting: typeof api = {
      ...api,
      async listUsers(query) {
        const page = await api.listUsers(query);
        if ((query as Query).startingAfter === undefined) for (let n = 5; n > 5 - deleted; n -= 1) gone.add(n);
        return page;
      },
    };
    const pages = await walk(deleting, { pageSize: 6 });
    expect(pages.flatMap(({ ids }) => ids)).toEqual(Array.from({ length: 9 }, (_, n) => `user_${n}`));
    expect(queries.map(({ startingAfter }) => startingAfter)).toEqual([
      undefined,
      ...Array.from({ length: deleted + 1 }, (_, step) => `user_${5 - step}`),
    ]);
  });

  test('and all of the page are, it steps back to the moment when the last one was created', async () => {
    const gone = new Set<number>();
    const { api, queries } = makeApi(9, gone);
    const deleting: typeof api = {
      ...api,
      async listUsers(query) {
        const page = await api.listUsers(query);
        if (queries.length === 1) for (const n of [0, 1, 2]) gone.add(n);
        return page;
      },
    };
    const pages = await walk(deleting, { pageSize: 3 });
    expect(pages.slice(1).flatMap(({ ids }) => ids)).toEqual([3, 4, 5, 6, 7, 8].map((n) => `user_${n}`));
    expect(queries.at(4)).toEqual({ order: 'created_at', createdAfter: new Date(CREATED_MS + 1999), limit: 3 });
  });

  test('and nobody has said when he was created, it begins with the first', async () => {
    const { api, queries } = makeApi(2, new Set([7]));
    const pages = await walk(api, { from: { userId: 'user_7', createdAt: null } });
    expect(pages).toEqual([{ ids: ['user_0', 'user_1'], isLast: true }]);
    expect(queries).toHaveLength(2);
  });
});

test('an API that serves the same page again is not walked for ever', async () => {
  const { api } = makeApi(9);
  const ignoring: typeof api = { ...api, listUsers: () => api.listUsers({ order: 'created_at', limit: 2 }) };
  await expect(walk(ignoring, { pageSize: 2 })).rejects.toThrow(
    "The Backend API serves the same page again, which ends with user_1: the walk can't go on.",
  );
});

test('a refusal that is not about the cursor ends the walk', async () => {
  const refusing = {
    ...makeApi(0).api,
    listUsers: () => Promise.reject(new ClerkApiError('unauthorized', 'it is refused')),
  };
  await expect(walk(refusing, {})).rejects.toMatchObject({ code: 'unauthorized' });
});
