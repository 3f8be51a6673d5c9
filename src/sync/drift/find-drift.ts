import type { Session } from '../../db/pool.ts';
import type { UserSnapshot } from '../snapshots/snapshot.ts';
import { compareChildren } from './compare-children.ts';
import { type ComparedUser, compareUsers } from './compare-users.ts';

/**
 * How what is stored differs from what the Backend API says.
 *
 * - `missing`: no row here.
 * - `older`: the row's `updated_at` is lower: an event never came, or is still on its way.
 * - `different`: one version, other contents.
 * - `activity`: one version, and other contents only if Clerk changes a user without a new version.
 * - `newer_here`: the row's `updated_at` is higher, and it was observed well before.
 * - `deleted_here`: a tombstone here.
 * - `absent`: here and not there. `findDrift` never says it, only a caller that has asked for each user.
 * - `other_instance`: the same, of a user of another Clerk instance.
 */
export type DriftKind =
  | 'missing'
  | 'older'
  | 'different'
  | 'activity'
  | 'newer_here'
  | 'deleted_here'
  | 'absent'
  | 'other_instance';

/** One user who is stored otherwise than the Backend API says. */
export interface Drift {
  readonly userId: string;
  readonly kind: DriftKind;
  /** Columns, child tables and keys of `extra` (`extra.shoe_size`) that differ. Empty without a living row here. */
  readonly fields: readonly string[];
}

/** A sign-in, a visit or time alone changes these; Clerk's `updated_at` stays. */
const ACTIVITY_FIELDS: ReadonlySet<string> = new Set([
  'last_active_at',
  'last_sign_in_at',
  'lockout_expires_in_seconds',
  'verification_attempts_remaining',
]);

/**
 * Compares users as the Backend API says they are with what is stored. It only reads. A page of 500 takes up to nine
 * statements, sent together. What was stored at about the time of the request, by a webhook that came meanwhile, is no
 * drift.
 *
 * @param snapshots at most one for each user. `observedAt` is the time just before the request.
 */
export async function findDrift(session: Session, snapshots: readonly UserSnapshot[]): Promise<Drift[]> {
  if (snapshots.length === 0) return [];
  // The users last, in statements of one connection: what is written meanwhile then shows in the row, which tells.
  const [children, users] = await Promise.all([
    compareChildren(session, snapshots),
    compareUsers(session, snapshots),
  ] as const);
  const compared = new Map(users.map((user) => [user.id, user]));
  return snapshots.flatMap(({ userId }) => {
    const user = compared.get(userId) ?? { id: userId, kind: 'same', fields: [] };
    return toDrift(user, children.get(userId) ?? []);
  });
}

function toDrift({ id: userId, kind, fields: ownFields }: ComparedUser, lists: readonly string[]): Drift[] {
  if (kind === 'passed') return [];
  if (kind === 'missing' || kind === 'deleted_here') return [{ userId, kind, fields: [] }];
  const fields = [...ownFields, ...lists];
  if (kind !== 'same') return [{ userId, kind, fields }];
  if (fields.length === 0) return [];
  return [{ userId, kind: fields.every((field) => ACTIVITY_FIELDS.has(field)) ? 'activity' : 'different', fields }];
}
