import { type ClerkChild, listKeys } from '../../clerk/user/children.ts';
import type { UserSnapshot } from './snapshot.ts';

const LIST_KEYS: ReadonlySet<string> = new Set(listKeys);

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
    if (!LIST_KEYS.has(key)) counts = add(counts, 'user', 1);
  }
  for (const key of listKeys) {
    for (const child of (lists[key] ?? []) as readonly ClerkChild[]) {
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
