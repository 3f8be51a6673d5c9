import { type ClerkApi, createClerkApi, isAskable } from '../clerk/api/clerk-api.ts';
import { createPool } from '../db/pool.ts';
import { parseDatabaseUrl } from '../db/target/parse-database-url.ts';
import type { SettleOptions } from '../sync/settle-batch.ts';
import { version } from '../version.ts';
import { assertKnownInstance } from './assert-instance.ts';
import { findStoredUser } from './find-stored-user.ts';
import { settleUser } from './settle-user.ts';
import type { EnsureOutcome, EnsureUserOptions, UserEnsurer } from './user-ensurer.d.ts';

const CLERK_URL = 'https://api.clerk.com';

/** Described in `user-ensurer.d.ts`, which is what an application sees. */
export function createEnsureUser(options: EnsureUserOptions): UserEnsurer {
  const { databaseUrl, secretKey, apiUrl = CLERK_URL, timeoutMs = 10_000 } = options;
  const closing = new AbortController();
  const api = createClerkApi({
    ...{ secretKey, apiUrl, signal: closing.signal, userAgent: `clerk-sync/${version}` },
    timings: chooseTimings(timeoutMs),
  });
  const pool = createPool({
    target: parseDatabaseUrl(databaseUrl),
    size: 2,
    applicationName: 'clerk-sync ensure-user',
  });
  // Only tombstones depend on the setting, and none is made here.
  const ensureUser = shareByKey(makeEnsure({ api, settle: { pool, deletedUsers: 'erase' } }));
  return {
    ensureUser,
    async close() {
      closing.abort();
      await pool.close();
    },
  };
}

/** Another attempt begins only in the first half of the time, and takes no more than the second. */
function chooseTimings(timeoutMs: number) {
  const half = timeoutMs / 2;
  return { requestMs: half, failingMs: half, limitedMs: half, firstPauseMs: 200, longestPauseMs: 2000 };
}

interface EnsureScene {
  readonly api: Pick<ClerkApi, 'getUser' | 'getInstance'>;
  readonly settle: SettleOptions;
}

/** The rule itself: look, ask, apply. */
function makeEnsure({ api, settle }: EnsureScene): (id: string) => Promise<EnsureOutcome> {
  const { pool } = settle;
  const findInstanceId = rememberSuccess(async () => {
    const id = (await api.getInstance())?.id ?? null;
    await pool.withSession((session) => assertKnownInstance(session, id));
    return id;
  });
  return async function ensureUser(id) {
    if (!isAskable(id)) return 'not_found';
    const stored = await pool.withSession((session) => findStoredUser(session, id));
    if (stored !== undefined) return stored.deletedAt === undefined ? 'present' : 'deleted';
    const [observed, instanceId] = await Promise.all([api.getUser(id), findInstanceId()]);
    if (observed === undefined) return 'not_found';
    const { outcome } = await settleUser(settle, observed, instanceId);
    return outcome as 'applied' | 'stale' | 'dead_letter';
  };
}

/** Does the work once; a failure is forgotten. */
function rememberSuccess<T>(work: () => Promise<T>): () => Promise<T> {
  let known: Promise<T> | undefined;
  return function remember() {
    known ??= work().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
}

/** Calls with one key that come while one is under way get its result. */
function shareByKey<Key, T>(work: (key: Key) => Promise<T>): (key: Key) => Promise<T> {
  const underWay = new Map<Key, Promise<T>>();
  return function share(key) {
    const known = underWay.get(key);
    if (known !== undefined) return known;
    const promise = work(key).finally(() => underWay.delete(key));
    underWay.set(key, promise);
    return promise;
  };
}
