import { onTestFinished } from 'vitest';
import type { RunKind } from '../../drizzle/schema/codes.ts';
import { createClerkApi } from '../../src/clerk/api/clerk-api.ts';
import { createPool } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import type { ReconcileOptions } from '../../src/reconcile/reconcile-options.ts';
import { type ReconcileReport, type ReconcileResult, runReconcile } from '../../src/reconcile/run-reconcile.ts';
import { withSmallPages } from './backfill.ts';
import { useTestDatabase } from './database.ts';
import { dumpTables } from './database-dump.ts';
import type { DeadCursor } from './fake-clerk/fake-clerk.ts';
import { type ApiUserJson, makeApiUser } from './fake-clerk/make-api-user.ts';
import { useFakeClerk } from './fake-clerk/use-fake-clerk.ts';

/** A failure is given up in a moment. */
const FAST = {
  ...{ requestMs: 2000, failingMs: 1000, limitedMs: 2000, firstPauseMs: 1, longestPauseMs: 5 },
  rate: { requests: 100_000, perMs: 1000 },
};

export interface RunOptions extends Partial<Pick<ReconcileOptions, 'dryRun' | 'limits' | 'maxDeletions' | 'signal'>> {
  readonly kind?: RunKind;
}

/** Differs from run to run, and is no part of what is compared. */
const OWN = ['synced_at', 'observed_at', 'last_message_id'];

/** Users `0` to `count - 1`. */
export function makeApiUsers(count: number): ApiUserJson[] {
  return Array.from({ length: count }, (_, n) => makeApiUser(n));
}

/** A fake Clerk, and a database that knows nothing of its users until `fill`. */
export async function useReconcileScene(
  users: readonly ApiUserJson[],
  { deadCursor, pageSize }: { deadCursor?: DeadCursor; pageSize?: number } = {},
) {
  const { url, sql } = await useTestDatabase();
  const clerk = await useFakeClerk({ users, deadCursor });
  const pool = createPool({ target: parseDatabaseUrl(url), size: 2 });
  onTestFinished(() => pool.close());

  const tryRun = ({ kind = 'full', ...options }: RunOptions = {}): Promise<ReconcileResult> => {
    const { signal } = options;
    const api = withSmallPages(
      createClerkApi({ secretKey: clerk.secretKey, apiUrl: clerk.url, timings: FAST, signal }),
      pageSize,
    );
    const settle = { pool, deletedUsers: 'erase' } as const;
    return runReconcile({ api, settle, target: parseDatabaseUrl(url), chooseKind: async () => kind, ...options });
  };
  const run = async (options?: RunOptions): Promise<ReconcileReport> => {
    const result = await tryRun(options);
    if (result.state !== 'ran') throw new Error(`It did not run: ${result.state}.`);
    return result.report;
  };
  return {
    ...{ url, sql, clerk, pool, tryRun, run },
    /** Brings all users here, a day ago. */
    async fill() {
      const { failure } = await run();
      if (failure !== undefined) throw failure;
      await sql`update clerk.users set observed_at = observed_at - interval '1 day'`;
      await sql`delete from clerk.reconcile_runs`;
    },
    /** The users and their children, without what each run writes anew. */
    async readCopy() {
      const { reconcile_runs: _, ...tables } = await dumpTables(sql, { omit: OWN });
      return tables;
    },
    /** All that is stored. */
    readAll: () => dumpTables(sql),
    readIds: async (where: 'alive' | 'deleted') => {
      const rows = await sql<{ id: string }[]>`
        select id from clerk.users where (deleted_at is null) = ${where === 'alive'} order by id collate "C"`;
      return rows.map(({ id }) => id);
    },
  };
}

export type ReconcileScene = Awaited<ReturnType<typeof useReconcileScene>>;
