import type { ListKey } from '../clerk/children.ts';
import type { Session } from '../db/pool.ts';
import { mergeSnapshots } from './merge-snapshots.ts';
import { coversKeys } from './plan-merge.ts';
import type { UserSnapshot } from './snapshot.ts';
import { upsertSnapshots } from './upsert-snapshots.ts';
import { compareIds, compareVersions } from './version.ts';
import { type ChildList, writeChildren } from './write-children.ts';

interface Entry {
  readonly change: UserSnapshot;
}

/**
 * Writes snapshots and the children of those that win.
 *
 * @returns the entries that are stale.
 */
export async function writeSnapshots<E extends Entry>(
  session: Session,
  entries: readonly E[],
  now: Date,
): Promise<E[]> {
  const stale = new Set<E>(entries);
  for (const wave of splitIntoWaves(entries)) {
    const newer = await writeWave(
      session,
      wave.map(({ change }) => change),
      now,
    );
    for (const entry of wave) if (newer.has(entry.change)) stale.delete(entry);
  }
  return [...stale];
}

/**
 * A statement can write a row once, so each wave has one snapshot a user: the newest first, then those older ones that
 * state something that it does not. The others are stale whatever is stored.
 */
function splitIntoWaves<E extends Entry>(entries: readonly E[]): E[][] {
  const waves: E[][] = [];
  for (const ofUser of Map.groupBy(entries, ({ change }) => change.userId).values()) {
    if (ofUser.length > 1) ofUser.sort((a, b) => compareVersions(b.change.version, a.change.version));
    const [newest, ...older] = ofUser as [E, ...E[]];
    const telling = older.filter(({ change }) => !coversKeys(newest.change, change));
    for (const [place, entry] of [newest, ...telling].entries()) {
      waves[place] ??= [];
      waves[place].push(entry);
    }
  }
  for (const wave of waves) wave.sort((a, b) => compareIds(a.change.userId, b.change.userId));
  return waves;
}

/** @returns the snapshots that are now what their user's row is at. */
async function writeWave(session: Session, snapshots: readonly UserSnapshot[], now: Date): Promise<Set<UserSnapshot>> {
  const written = new Map((await upsertSnapshots(session, snapshots, now)).map((row) => [row.id, row]));
  const refused = snapshots.filter(({ userId }) => !written.has(userId));
  const merged = new Map(
    refused.length === 0 ? [] : (await mergeSnapshots(session, refused, now)).map((row) => [row.id, row]),
  );
  const lists = snapshots.flatMap((snapshot) => {
    const winner = written.get(snapshot.userId);
    if (winner !== undefined) return selectLists(snapshot, { isNew: winner.inserted });
    return selectLists(snapshot, { isNew: false, only: merged.get(snapshot.userId)?.writtenKeys ?? new Set() });
  });
  await writeChildren(session, lists);
  return new Set(snapshots.filter(({ userId }) => written.has(userId) || merged.get(userId)?.newer === true));
}

function selectLists(
  { userId, lists }: UserSnapshot,
  { isNew, only }: { isNew: boolean; only?: ReadonlySet<string> },
): ChildList[] {
  const stated = Object.entries(lists) as [ListKey, ChildList['children']][];
  return stated
    .filter(([key]) => only === undefined || only.has(key))
    .map(([key, children]) => ({ userId, key, children, isNew }));
}
