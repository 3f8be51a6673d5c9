import { expect, onTestFinished } from 'vitest';
import type { BackfillOptions } from '../../src/backfill/backfill-options.ts';
import { runBackfill } from '../../src/backfill/run-backfill.ts';
import { type ClerkApi, createClerkApi } from '../../src/clerk/api/clerk-api.ts';
import type { Timings } from '../../src/clerk/api/create-requester.ts';
import { createPool } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { useTestDatabase } from './database.ts';
import type { FakeClerk, FakeRequest } from './fake-clerk/fake-clerk.ts';
import { type ApiUserJson, makeApiUser } from './fake-clerk/make-api-user.ts';
import { useFakeClerk } from './fake-clerk/use-fake-clerk.ts';

/** What a test does not want to wait for. */
const TIMINGS = {
  requestMs: 1000,
  failingMs: 3000,
  limitedMs: 6000,
  firstPauseMs: 1,
  longestPauseMs: 20,
  rate: { requests: 10_000, perMs: 1000 },
};

export interface BackfillScene {
  readonly users?: readonly ApiUserJson[];
  /** Users on a page at the most, in place of 500. */
  readonly pageSize?: number;
  readonly timings?: Partial<Timings>;
}

type RunOptions = Partial<Omit<BackfillOptions, 'api' | 'settle'>>;

/** A fake Clerk, a database of the running test's own, and a backfill from one into the other. */
export async function useBackfill({ users = [], pageSize, timings }: BackfillScene = {}) {
  const { sql, url } = await useTestDatabase();
  const clerk = await useFakeClerk({ users });
  const pool = createPool({ target: parseDatabaseUrl(url), size: 3 });
  onTestFinished(() => pool.close());
  const settle = { pool, deletedUsers: 'erase' } as const;
  const makeApi = (signal?: AbortSignal) => {
    const { secretKey, url: apiUrl } = clerk;
    const options = { secretKey, apiUrl, signal, timings: { ...TIMINGS, ...timings } };
    return withSmallPages(createClerkApi(options), pageSize);
  };
  return {
    ...{ sql, url, clerk, pool, settle, makeApi },
    run: (options: RunOptions = {}) =>
      runBackfill({ api: makeApi(options.signal), settle, target: parseDatabaseUrl(url), ...options }),
    /** The environment of a command that works on the same. */
    env: { DATABASE_URL: url, CLERK_SECRET_KEY: clerk.secretKey, CLERK_API_URL: clerk.url },
  };
}

/** Users 0 up to `count`. */
export function makeApiUsers(count: number): ApiUserJson[] {
  return Array.from({ length: count }, (_, n) => makeApiUser(n));
}

/** The same API, whose pages are smaller: many of them with few users. */
function withSmallPages(api: ClerkApi, pageSize = 500): ClerkApi {
  return {
    ...api,
    listUsers: (query) => api.listUsers({ ...query, limit: Math.min(query.limit ?? pageSize, pageSize) }),
  };
}

/** Behind whom each page was asked for, in order; null for one from the beginning. */
export function listCursors({ requests }: Pick<FakeClerk, 'requests'>): (string | null)[] {
  return requests.filter(isPage).map(({ query }) => query.starting_after ?? query.created_at_after ?? null);
}

/** Whether a page of users was asked for. */
export function isPage({ path }: FakeRequest): boolean {
  return path === '/users';
}

/** A row of `clerk.backfill_runs`, and of it what no clock decides. */
export function runRow(row: Record<string, unknown>) {
  return {
    ...{ run_id: expect.stringMatching(/^backfill_\d{8}T\d{6}Z_[0-9a-f]{4}$/), error: null, max_users: null },
    ...{ started_at: expect.any(String), updated_at: expect.any(String), finished_at: null },
    ...{ checkpoint_created_at: expect.any(String), stale: 0, dead_letters: 0 },
    ...row,
  };
}
