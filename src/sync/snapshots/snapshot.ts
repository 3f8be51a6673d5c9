import { type ClerkChild, type ListKey, listKeys } from '../../clerk/user/children.ts';
import type { ClerkUser } from '../../clerk/user/parse-user.ts';
import type { ClerkEvent } from '../../clerk/webhook/clerk-event.ts';
import type { SnapshotValues, StoredListKey } from './stored-types.ts';
import { collectKeyBits } from './user-keys.ts';
import type { Version } from './version.ts';

/** One user's full state, ready to be rows, at a version. What Clerk did not state is not among the values. */
export interface UserSnapshot {
  readonly kind: 'snapshot';
  readonly userId: string;
  readonly version: Version;
  /** By column of `users`. */
  readonly values: SnapshotValues;
  readonly lists: Readonly<Partial<Record<StoredListKey, readonly ClerkChild[]>>>;
  readonly extra: Readonly<Record<string, unknown>>;
  /** Which of `userKeys` it states, as the bits of `users.stated_keys`. */
  readonly statedKeys: bigint;
}

/** The end of a user. */
export interface UserTombstone {
  readonly kind: 'tombstone';
  readonly userId: string;
  readonly instanceId: string | null;
  readonly deletedAt: Date;
  readonly messageId: string;
}

/** What an event does to the tables; undefined for a type that is none of ours. */
export function toChange(event: ClerkEvent): UserSnapshot | UserTombstone | undefined {
  const { messageId, occurredAt, instanceId } = event;
  switch (event.kind) {
    case 'user':
      return makeSnapshot(event.user, { messageId, observedAt: occurredAt, instanceId });
    case 'user_deleted':
      return { kind: 'tombstone', userId: event.userId, instanceId, deletedAt: occurredAt, messageId };
    case 'other':
      return undefined;
  }
}

/** Where and when a user's state was observed: an event, or a page of the Backend API. */
interface Observation {
  readonly messageId: string;
  readonly observedAt: Date;
  readonly instanceId: string | null;
}

/** Turns a user as Clerk states it into a snapshot. A user without `updated_at` counts as changed when observed. */
export function makeSnapshot(user: ClerkUser, { messageId, observedAt, instanceId }: Observation): UserSnapshot {
  const values = instanceId === null ? user.values : { ...user.values, instance_id: instanceId };
  return {
    kind: 'snapshot',
    userId: user.id,
    version: { updatedAt: user.updatedAt ?? observedAt, observedAt, messageId },
    values,
    lists: user.lists,
    extra: user.extra,
    statedKeys: collectKeyBits([...Object.keys(values), ...Object.keys(user.lists)]),
  };
}

/** How many children without a key a change has, by their list; empty for nearly every one. */
export function countUnkeyed({ extra }: Pick<UserSnapshot, 'extra'>): Readonly<Partial<Record<ListKey, number>>> {
  const keys = listKeys.filter((key) => Object.hasOwn(extra, key));
  return Object.fromEntries(keys.map((key) => [key, (extra[key] as readonly unknown[]).length]));
}
