import { sql } from 'drizzle-orm';
import { users } from '../../drizzle/schema/users.ts';
import type { ClerkApi, ObservedUser } from '../clerk/api/clerk-api.ts';
import { isAskable } from '../clerk/api/is-askable.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';
import { type ApiObservation, makeApiEntry, makeApiTombstone } from '../sync/batch-entry.ts';
import { type Settled, type SettleOptions, settleOne } from '../sync/settle-batch.ts';
import { makeRunId } from '../walk/run-id.ts';

/** What it takes to fetch a user and to write what Clerk says. */
export interface UserScene {
  readonly api: Pick<ClerkApi, 'getUser'>;
  readonly settle: SettleOptions;
  /** The one that the secret key belongs to. Null if Clerk does not tell. */
  readonly instanceId: string | null;
}

/**
 * The outcome for a user. `deleted`: a tombstone is here, now or already. The last four leave something to do: Clerk has no
 * such user, the user can't be applied, the row belongs to another instance than the key, or Clerk still has a user who is
 * deleted here.
 */
export type SyncOutcome =
  | 'applied'
  | 'stale'
  | 'deleted'
  | 'not_found'
  | 'dead_letter'
  | 'other_instance'
  | 'deleted_here';

/** A user who was asked for, and the outcome. */
export interface SyncedUser {
  readonly userId: string;
  readonly outcome: SyncOutcome;
  readonly error?: string;
}

/**
 * Makes one user the same here as at Clerk, whatever is here. It asks, and applies. A user who is alive here and whom
 * Clerk no longer has becomes a tombstone, unless the secret key belongs to another instance.
 *
 * @throws {ClerkApiError | DatabaseUnavailableError} if that can't be done now.
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
  const { outcome, letter } = await settleOne(settle, makeApiTombstone(userId, observe(askedAt, instanceId)));
  // Stale: somebody else has applied the deletion meanwhile.
  if (outcome !== 'dead_letter') return { userId, outcome: 'deleted' };
  return { userId, outcome, error: letter?.error ?? 'The deletion could not be applied.' };
}

/** Deleted is final: nothing is written over a tombstone, not even over a wrong one. */
async function explainStale({ settle: { pool } }: UserScene, userId: string, observedAt: Date): Promise<SyncedUser> {
  const stored = await pool.withTransaction((session) => findStoredUser(session, userId));
  if (stored?.deletedAt === undefined) return { userId, outcome: 'stale' };
  // Deleted while we asked.
  if (stored.deletedAt > observedAt) return { userId, outcome: 'deleted' };
  const error = 'Clerk has this user, who was deleted here: a deletion is final, and nothing was changed.';
  return { userId, outcome: 'deleted_here', error };
}

/** Says by which call, and for which instance, something was observed. */
function observe(observedAt: Date, instanceId: string | null): ApiObservation {
  return { origin: 'sync-user', runId: makeRunId('sync-user', observedAt), instanceId, observedAt };
}

/** Applies what Clerk says of one user, through the one write path. */
export async function settleUser(
  settle: SettleOptions,
  { user, observedAt }: ObservedUser,
  instanceId: string | null,
): Promise<Settled> {
  return settleOne(settle, makeApiEntry(user, observe(observedAt, instanceId)));
}

/** What is here of a user, as far as it decides whether to ask Clerk. */
export interface StoredUser {
  /** Null if no event and no page has said it. */
  readonly instanceId: string | null;
  readonly deletedAt: Date | undefined;
}

const FIND = defineStatement(
  'find a stored user',
  sql`
  select ${users.instance_id}, ${epochMs(users.deleted_at)} as deleted_at from ${users} where ${users.id} = $1`,
);

/** Reads whether a user is here, alive or as a tombstone. Undefined: neither. */
export async function findStoredUser(session: Session, id: string): Promise<StoredUser | undefined> {
  const [row] = await session.run<{ instance_id: string | null; deleted_at: string | null }>(FIND, [id]);
  if (row === undefined) return undefined;
  return { instanceId: row.instance_id, deletedAt: readTime(row.deleted_at) ?? undefined };
}
