import type { Session } from '../../db/pool.ts';
import { mergeSnapshots } from '../statements/merge-snapshots.ts';
import { upsertSnapshots, type WrittenUser } from '../statements/upsert-snapshots.ts';
import { type AbsentChild, findAbsentChildren, listStated, writeChildren } from '../statements/write-children.ts';
import { coversKeys } from './plan-merge.ts';
import { compareIds, compareVersions, type UserSnapshot } from './snapshot.ts';

interface Entry {
  readonly change: UserSnapshot;
}

/** What was sent right behind the claim of its messages. */
export interface FirstWave<E extends Entry> {
  readonly wave: readonly E[];
  readonly written: readonly WrittenUser[];
  /** The stored children that are not on the lists of the wave's users. */
  readonly absent: readonly AbsentChild[];
}

/**
 * Writes the users of the first wave whose messages this transaction has claimed, while the answer to the claim is still
 * on its way. To be completed by `writeSnapshots`.
 */
export async function writeFirstWave<E extends Entry>(
  session: Session,
  entries: readonly E[],
  now: Date,
): Promise<FirstWave<E>> {
  const [wave = []] = splitIntoWaves(entries);
  const snapshots = wave.map(({ change }) => change);
  const [written, absent] = await Promise.all([
    upsertSnapshots(session, snapshots, { now, onlyClaimed: true }),
    findAbsentChildren(
      session,
      snapshots.flatMap((snapshot) => listStated(snapshot, false)),
    ),
  ]);
  return { wave, written, absent };
}

/**
 * Writes snapshots and the children of those that win.
 *
 * @param first what was written ahead. `isComplete`: all of its messages were claimed, and these are the entries that it was
 * made of.
 * @returns the entries that are stale.
 */
export async function writeSnapshots<E extends Entry>(
  session: Session,
  entries: readonly E[],
  now: Date,
  first?: FirstWave<E> & { readonly isComplete: boolean },
): Promise<E[]> {
  const stale = new Set<E>(entries);
  for (const [place, wave] of planWaves(entries, first).entries()) {
    const snapshots = wave.map(({ change }) => change);
    const newer = await writeWave(session, snapshots, now, place === 0 ? first : undefined);
    for (const entry of wave) if (newer.has(entry.change)) stale.delete(entry);
  }
  return [...stale];
}

/** The first wave is the one that was written ahead. If some of it was not claimed, it is what was written of it. */
function planWaves<E extends Entry>(
  entries: readonly E[],
  first: (FirstWave<E> & { readonly isComplete: boolean }) | undefined,
): E[][] {
  if (first === undefined || first.isComplete) return splitIntoWaves(entries);
  const ids = new Set(first.written.map(({ id }) => id));
  const won = first.wave.filter(({ change }) => ids.has(change.userId));
  return [won, ...splitIntoWaves(entries.filter((entry) => !won.includes(entry)))];
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
async function writeWave(
  session: Session,
  snapshots: readonly UserSnapshot[],
  now: Date,
  ahead?: Pick<FirstWave<Entry>, 'written' | 'absent'>,
): Promise<Set<UserSnapshot>> {
  const rows = ahead?.written ?? (await upsertSnapshots(session, snapshots, { now }));
  const written = new Map(rows.map((row) => [row.id, row]));
  const refused = snapshots.filter(({ userId }) => !written.has(userId));
  const merged = new Map(
    refused.length === 0 ? [] : (await mergeSnapshots(session, refused, now)).map((row) => [row.id, row]),
  );
  const lists = snapshots.flatMap((snapshot) => {
    const winner = written.get(snapshot.userId);
    if (winner !== undefined) return listStated(snapshot, winner.inserted);
    const only = merged.get(snapshot.userId)?.writtenKeys;
    return only === undefined ? [] : listStated(snapshot, false).filter(({ key }) => only.has(key));
  });
  const absent = ahead?.absent.filter((child) => written.has(child.user_id));
  await writeChildren(session, lists, refused.length === 0 ? absent : undefined);
  return new Set(snapshots.filter(({ userId }) => written.has(userId) || merged.get(userId)?.newer === true));
}
