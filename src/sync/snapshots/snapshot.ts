import type { users } from '../../../drizzle/schema/users.ts';
import { type ClerkChild, type ListKey, listKeys } from '../../clerk/user/children.ts';
import type { ClerkUser } from '../../clerk/user/parse-user.ts';
import type { Agreeing, KeyDisagreements, StatedColumns, StatedValues, StoredListKey } from './stored-types.ts';

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

/** What a snapshot states, by column of `users`. It compiles only if each key has a bit. */
type SnapshotValues = Agreeing<
  StatedColumns,
  KeyDisagreements<keyof StatedValues | ListKey, (typeof userKeys)[number]>
>;

/** What orders the snapshots of one user: Clerk's `updated_at`, then when it was observed, then the message id. */
export interface Version {
  readonly updatedAt: Date;
  readonly observedAt: Date;
  readonly messageId: string;
}

/**
 * Negative, zero or positive, as `a` is lower than, equal to or higher than `b`. The same order as Postgres's row
 * comparison with the message id in the collation "C": ids are ASCII, so code units and bytes agree.
 */
export function compareVersions(a: Version, b: Version): number {
  return (
    a.updatedAt.getTime() - b.updatedAt.getTime() ||
    a.observedAt.getTime() - b.observedAt.getTime() ||
    compareIds(a.messageId, b.messageId)
  );
}

/** Orders ids by their code units: every process locks rows in this order, so that none waits for another in a ring. */
export function compareIds(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Where and when a user's state was observed: an event, or a page of the Backend API. */
interface Sighting {
  readonly messageId: string;
  readonly observedAt: Date;
  readonly instanceId: string | null;
}

/** Turns a user as Clerk states it into a snapshot. A user without `updated_at` counts as changed when observed. */
export function makeSnapshot(user: ClerkUser, { messageId, observedAt, instanceId }: Sighting): UserSnapshot {
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

/** How many children without a key a change has, by their list. Empty for nearly every one. */
export function countUnkeyed({ extra }: Pick<UserSnapshot, 'extra'>): Readonly<Partial<Record<ListKey, number>>> {
  const keys = listKeys.filter((key) => Object.hasOwn(extra, key));
  return Object.fromEntries(keys.map((key) => [key, (extra[key] as readonly unknown[]).length]));
}

/**
 * Counts the properties of a snapshot that have no column and lie in `extra`: by their list, and under `user` those of the user.
 * Undefined if there are none.
 */
export function countUnknown({
  extra,
  lists,
}: Pick<UserSnapshot, 'extra' | 'lists'>): Readonly<Record<string, number>> | undefined {
  let counts: Record<string, number> | undefined;
  for (const key of Object.keys(extra)) {
    // Under the name of a list are children that came without a key.
    if (!isListKey(key)) counts = add(counts, 'user', 1);
  }
  for (const key of listKeys) {
    for (const child of lists[key] ?? []) {
      const unknown = Object.keys(child.extra).length;
      if (unknown > 0) counts = add(counts, key, unknown);
    }
  }
  return counts;
}

/** Nearly no snapshot needs the object, so it is made for the first that is found. */
function add(counts: Record<string, number> | undefined, key: string, count: number): Record<string, number> {
  const sums = counts ?? {};
  sums[key] = (sums[key] ?? 0) + count;
  return sums;
}

/** The row of `users` that a snapshot makes. Times become ISO texts and metadata keeps its digits in `JSON.stringify`. */
export function toUserRow(snapshot: UserSnapshot, syncedAt: Date): Record<string, unknown> {
  return {
    ...snapshot.values,
    id: snapshot.userId,
    updated_at: snapshot.version.updatedAt,
    observed_at: snapshot.version.observedAt,
    last_message_id: snapshot.version.messageId,
    synced_at: syncedAt,
    stated_keys: String(snapshot.statedKeys),
    extra: snapshot.extra,
  };
}

/**
 * What a snapshot can state, each with its bit in `users.stated_keys`: the place in this list. The bits are stored, so
 * the list only ever grows at its end (63 is the limit), and a property that gets a column of its own is added there.
 */
export const userKeys = [
  'instance_id',
  'external_id',
  'username',
  'first_name',
  'last_name',
  'locale',
  'timezone',
  'birthday',
  'gender',
  'profile_image_url',
  'image_url',
  'has_image',
  'primary_email_address_id',
  'primary_phone_number_id',
  'primary_web3_wallet_id',
  'public_metadata',
  'private_metadata',
  'unsafe_metadata',
  'password_enabled',
  'password_last_updated_at',
  'requires_password_reset',
  'two_factor_enabled',
  'totp_enabled',
  'backup_code_enabled',
  'mfa_enabled_at',
  'mfa_disabled_at',
  'banned',
  'locked',
  'lockout_expires_in_seconds',
  'verification_attempts_remaining',
  'deprovisioned',
  'bypass_client_trust',
  'scim',
  'organization_memberships',
  'delete_self_enabled',
  'create_organization_enabled',
  'create_organizations_limit',
  'last_sign_in_at',
  'last_active_at',
  'legal_accepted_at',
  'created_at',
  'email_addresses',
  'phone_numbers',
  'web3_wallets',
  'passkeys',
  'external_accounts',
  'saml_accounts',
  'enterprise_accounts',
] as const satisfies readonly (keyof typeof users.$inferSelect | ListKey)[];

const placeOfKey: ReadonlyMap<string, number> = new Map(userKeys.map((key, place) => [key, place]));

/** The bit of a key in `users.stated_keys`. Undefined for what has no column, and so lies in `extra`. */
export function findKeyBit(key: string): bigint | undefined {
  const place = placeOfKey.get(key);
  return place === undefined ? undefined : 1n << BigInt(place);
}

/** The bits of keys together. Those without a column have none. A `bigint` for each key would take five times as long. */
export function collectKeyBits(keys: Iterable<string>): bigint {
  let [low, high] = [0, 0];
  for (const key of keys) {
    const place = placeOfKey.get(key) ?? -1;
    if (place >= 32) high |= 1 << (place - 32);
    else if (place >= 0) low |= 1 << place;
  }
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}

/** The columns of `users` that a snapshot states, and so may leave out. */
export const statedColumns = userKeys.filter((key) => !isListKey(key));

function isListKey(key: string): key is ListKey {
  return (listKeys as readonly string[]).includes(key);
}
