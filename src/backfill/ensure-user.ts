import type { ClerkApi } from '../clerk/api/clerk-api.ts';
import type { Timings } from '../clerk/api/create-requester.ts';
import { isAskable } from '../clerk/api/is-askable.ts';
import type { SettleOptions } from '../sync/settle-batch.ts';
import { assertKnownInstance } from '../walk/assert-instance.ts';
import { findStoredUser, settleUser } from './sync-user.ts';

/**
 * Whether a user is here. `present` and `deleted`: the row was here already, alive or as a tombstone, and Clerk was not asked.
 * `applied`: the row is new. `stale`: somebody else was faster, usually a webhook. `not_found`: Clerk does not have the user
 * either. `dead_letter`: what Clerk says can't be written, and is kept.
 */
export type EnsureOutcome = 'present' | 'deleted' | 'applied' | 'stale' | 'not_found' | 'dead_letter';

/** The client's timings if somebody waits: another attempt begins only in the first half of the time. */
export function chooseEnsureTimings(timeoutMs = 10_000): Partial<Timings> {
  const half = timeoutMs / 2;
  return { requestMs: half, failingMs: half, limitedMs: half, firstPauseMs: 200, longestPauseMs: 2000 };
}

/** What it takes to bring a user here. */
export interface EnsureScene {
  readonly api: Pick<ClerkApi, 'getUser' | 'getInstance'>;
  readonly settle: SettleOptions;
}

/**
 * Makes the function that brings a user here: it looks, asks Clerk, and applies. Calls for a user that come while one is
 * under way get its result.
 */
export function createEnsureUser({ api, settle }: EnsureScene): (id: string) => Promise<EnsureOutcome> {
  const { pool } = settle;
  const findInstanceId = rememberSuccess(async () => {
    const id = (await api.getInstance())?.id ?? null;
    await pool.withTransaction((session) => assertKnownInstance(session, id));
    return id;
  });
  return shareByKey(async function ensureUser(id: string) {
    if (!isAskable(id)) return 'not_found';
    const stored = await pool.withTransaction((session) => findStoredUser(session, id));
    if (stored !== undefined) return stored.deletedAt === undefined ? 'present' : 'deleted';
    const [observed, instanceId] = await Promise.all([api.getUser(id), findInstanceId()]);
    if (observed === undefined) return 'not_found';
    const { outcome } = await settleUser(settle, observed, instanceId);
    return outcome as 'applied' | 'stale' | 'dead_letter';
  });
}

/** Does the work once. A failure is forgotten. */
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
