import { expect } from 'vitest';
import type { BackfillOptions, BackfillProgress } from '../../src/backfill/backfill-options.ts';
import { runBackfill } from '../../src/backfill/run-backfill.ts';
import { createPool } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { isPage, makeApiUsers, useBackfill } from './backfill.ts';
import { makeExpectedUser, readColumns, readUserRows } from './expected-api-rows.ts';
import { type Treatment, useProxy } from './proxy.ts';

/** How many users are walked, in pages of two. */
export const USERS = 7;

/** The names of the connections that a backfill has. */
export const CONNECTIONS = { lock: 'clerk-sync backfill', work: 'clerk-sync' } as const;

/** For a busy machine. */
export const PATIENCE = { timeout: 20_000 };

/** A backfill through a door to Postgres, and what there is in the end. */
export async function useFragileBackfill() {
  const scene = await useBackfill({
    users: makeApiUsers(USERS),
    pageSize: 2,
    timings: { requestMs: 20_000, failingMs: 30_000 },
  });
  const { clerk, sql, url, makeApi } = scene;
  let treatment: Treatment = 'pass';
  const cut = { cutBefore: '(nothing)', cutAfter: '(nothing)' };
  const proxy = await useProxy(url, () => (treatment === 'pass' ? cut : treatment));
  const waits: string[] = [];
  return {
    ...scene,
    cut,
    waits,
    countConnections: () => proxy.connections,
    treat: (chosen: Treatment) => {
      treatment = chosen;
    },
    /** Ends the connections of this name, and waits until the server has, too. */
    endConnections: (name: string) => sql`
      select pg_terminate_backend(pid, 20000) from pg_stat_activity
      where application_name = ${name} and datname = current_database()`,
    /** How many of the program's connections wait for a lock of a table. */
    countWaiting: async () => {
      const [row] = await sql`select count(*)::int as waiting from pg_stat_activity
        where application_name = 'clerk-sync' and wait_event_type = 'Lock' and datname = current_database()`;
      return row?.waiting;
    },
    /** Calls `act` when the page with this number, from 0, is asked for and the ones before are committed; once only. */
    onPage(number: number, act: () => unknown) {
      let page = -1;
      clerk.intercept(async (request) => {
        if (!isPage(request)) return;
        page += 1;
        if (page !== number) return;
        await expect.poll(() => sql`select pages from clerk.backfill_runs`, PATIENCE).toEqual([{ pages: number }]);
        await act();
      });
    },
    /** Through the door. The first trouble is the only one. */
    async runThrough(options: Partial<BackfillOptions> = {}) {
      const pool = createPool({ target: parseDatabaseUrl(proxy.url), size: 3 });
      const onProgress = (progress: BackfillProgress) => {
        if (progress.kind === 'waiting') waits.push(progress.why);
        if (progress.kind === 'waiting') Object.assign(cut, { cutBefore: '(nothing)', cutAfter: '(nothing)' });
        options.onProgress?.(progress);
      };
      const settle = { pool, deletedUsers: 'erase' } as const;
      const api = makeApi(options.signal);
      return runBackfill({ api, settle, target: parseDatabaseUrl(proxy.url), ...options, onProgress }).finally(() =>
        pool.close(),
      );
    },
    async readAll() {
      const users: Record<string, unknown>[] = [];
      for await (const rows of readUserRows(sql)) users.push(...rows);
      const runs = await sql`select state, error, pages, users_read::int, finished_at is not null as is_finished
        from clerk.backfill_runs order by started_at, run_id`;
      return { users, runs: [...runs] };
    },
    async expectAll() {
      const columns = await readColumns(sql);
      return [...clerk.users.values()].map((user) => makeExpectedUser(user, clerk.instanceId, columns));
    },
  };
}
