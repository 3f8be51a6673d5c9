import type { ClerkApi } from '../clerk/api/clerk-api.ts';
import { isAskable } from '../clerk/api/is-askable.ts';
import { makeApiTombstone } from '../sync/entries/make-api-entry.ts';
import { type SettleOptions, settleOne } from '../sync/settle-batch.ts';
import { findStoredUser, type StoredUser } from './find-stored-user.ts';
import { makeObservation, settleUser } from './settle-user.ts';

/** What it takes to fetch a user and to write what Clerk says. */
export interface UserScene {
  readonly api: Pick<ClerkApi, 'getUser'>;
  readonly settle: SettleOptions;
  /** The one that the secret key belongs to; null where Clerk does not tell. */
  readonly instanceId: string | null;
}

/**
 * What became of a user who was asked for. `deleted`: a tombstone is here, now or already. The last four leave something
 * over: Clerk knows no such user, the user can't be applied, the row belongs to another instance than the key, Clerk
 * still has a user who is deleted here.
 */
export type SyncOutcome =
  | 'applied'
  | 'stale'
  | 'deleted'
  | 'not_found'
  | 'dead_letter'
  | 'other_instance'
  | 'deleted_here';

export interface SyncedUser {
  readonly userId: string;
  readonly outcome: SyncOutcome;
  /** Why something is left over, a sentence. */
  readonly error?: string;
}

/**
 * Makes one user the same here as at Clerk, whatever is here: asks, and applies. A user who is alive here and whom Clerk
 * no longer has becomes a tombstone, unless the secret key belongs to another instance, where nobody of this one is.
 *
 * @throws {ClerkApiError | DatabaseUnavailableError} when that can't be done now.
 */
export async function syncUser(scene: UserScene, userId: string): Promise<SyncedUser> {
  if (!isAskable(userId)) return { userId, outcome: 'not_found', error: 'This is no id that Clerk could know.' };
  const { instanceId, settle } = scene;
  const { pool } = settle;
  const stored = await pool.withTransaction((session) => findStoredUser(session, userId));
  if (instanceId !== null && stored !== undefined && (stored.instanceId ?? instanceId) !== instanceId) {
    const error = `The user here is of instance ${stored.instanceId}, and CLERK_SECRET_KEY belongs to ${instanceId}: nothing was changed.`;
    return { userId, outcome: 'other_instance', error };
  }
  const askedAt = new Date();
  const observed = await scene.api.getUser(userId);
  if (observed === undefined) return settleAbsence(scene, { userId, stored, askedAt });
  const { outcome, letter } = await settleUser(settle, observed, instanceId);
  if (outcome === 'dead_letter') return { userId, outcome, error: letter?.error ?? 'The user could not be applied.' };
  if (outcome === 'applied') return { userId, outcome };
  return explainStale(scene, userId, observed.observedAt);
}

interface Absence {
  readonly userId: string;
  readonly stored: StoredUser | undefined;
  /** Before Clerk was asked. */
  readonly askedAt: Date;
}

async function settleAbsence(scene: UserScene, { userId, stored, askedAt }: Absence): Promise<SyncedUser> {
  const { settle, instanceId } = scene;
  if (stored === undefined) return { userId, outcome: 'not_found', error: 'Neither Clerk nor this database has it.' };
  if (stored.deletedAt !== undefined) return { userId, outcome: 'deleted' };
  if (stored.instanceId !== null && instanceId === null) {
    const error = `Clerk does not have this user, and does not tell whether CLERK_SECRET_KEY belongs to the user's instance ${stored.instanceId}: nothing was changed.`;
    return { userId, outcome: 'not_found', error };
  }
  const { outcome, letter } = await settleOne(settle, makeApiTombstone(userId, makeObservation(askedAt, instanceId)));
  // Stale: somebody else has been told of the deletion meanwhile.
  if (outcome !== 'dead_letter') return { userId, outcome: 'deleted' };
  return { userId, outcome, error: letter?.error ?? 'The deletion could not be applied.' };
}

/** Deleted is final: nothing is written over a tombstone, also where it should not be there. */
async function explainStale({ settle: { pool } }: UserScene, userId: string, observedAt: Date): Promise<SyncedUser> {
  const stored = await pool.withTransaction((session) => findStoredUser(session, userId));
  if (stored?.deletedAt === undefined) return { userId, outcome: 'stale' };
  // Deleted while we asked.
  if (stored.deletedAt > observedAt) return { userId, outcome: 'deleted' };
  const error = 'Clerk has this user, who was deleted here: a deletion is final, and nothing was changed.';
  return { userId, outcome: 'deleted_here', error };
}
