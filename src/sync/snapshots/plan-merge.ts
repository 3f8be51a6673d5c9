import { compareVersions, findKeyBit, type UserSnapshot, userKeys, type Version } from './snapshot.ts';

/** What is stored of one living user, as far as merging needs it. */
export interface StoredVersions {
  readonly version: Version;
  /** What the newest snapshot stated. */
  readonly statedKeys: bigint;
  /** What it did not state, with the version of the snapshot that last did. */
  readonly olderKeys: ReadonlyMap<string, Version>;
  /** The keys of `users.extra`. What a list's name holds there belongs to the list. */
  readonly extraKeys: readonly string[];
}

/** How one snapshot changes one stored user. */
export interface Merge {
  /** True if the snapshot is newer than the row, so that its version becomes the row's. */
  readonly newer: boolean;
  /** The keys to write: columns, lists, and keys of `extra`. */
  readonly writtenKeys: ReadonlySet<string>;
  readonly stored: Omit<StoredVersions, 'extraKeys'>;
}

/**
 * Decides key by key: each key holds what the highest version that states it says. So the order of arrival does not matter,
 * even if snapshots state different keys, as those of webhooks and of the Backend API do.
 */
export function planMerge(stored: StoredVersions, snapshot: UserSnapshot): Merge {
  const newer = compareVersions(snapshot.version, stored.version) > 0;
  const version = newer ? snapshot.version : stored.version;
  const held = collectKeyVersions(stored);
  const writtenKeys = new Set(
    listStatedKeys(snapshot).filter((key) => {
      const heldVersion = held.get(key);
      return heldVersion === undefined || compareVersions(snapshot.version, heldVersion) > 0;
    }),
  );
  for (const key of writtenKeys) held.set(key, snapshot.version);
  const olderKeys = new Map([...held].filter(([, keyVersion]) => compareVersions(keyVersion, version) < 0));
  const statedKeys = newer ? snapshot.statedKeys : stored.statedKeys;
  return { newer, writtenKeys, stored: { version, statedKeys, olderKeys } };
}

/** True if `other` states nothing that `snapshot` does not. Then it can't change anything beside a higher `snapshot`. */
export function coversKeys(snapshot: UserSnapshot, other: UserSnapshot): boolean {
  return (
    (other.statedKeys & ~snapshot.statedKeys) === 0n &&
    Object.keys(other.extra).every((key) => Object.hasOwn(snapshot.extra, key) || Object.hasOwn(snapshot.lists, key))
  );
}

function collectKeyVersions(stored: StoredVersions): Map<string, Version> {
  const columns = userKeys.filter((key) => (stored.statedKeys & (findKeyBit(key) ?? 0n)) !== 0n);
  const held = new Map<string, Version>([...columns, ...stored.extraKeys].map((key) => [key, stored.version]));
  for (const [key, version] of stored.olderKeys) held.set(key, version);
  return held;
}

function listStatedKeys(snapshot: UserSnapshot): string[] {
  return [...Object.keys(snapshot.values), ...Object.keys(snapshot.lists), ...Object.keys(snapshot.extra)];
}
