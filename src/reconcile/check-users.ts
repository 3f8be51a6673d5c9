import type { ObservedUser } from '../clerk/api/clerk-api.ts';
import { makeApiEntry, type ObservedEntry } from '../sync/batch-entry.ts';
import { findDrift } from '../sync/drift/find-drift.ts';
import { settleBatch } from '../sync/settle-batch.ts';
import type { UserSnapshot } from '../sync/snapshots/snapshot.ts';
import { type ActiveReconcile, assertGoing, observe, TIMEOUT_MS, withSession } from './active-reconcile.ts';
import type { FoundDrift, ReconcileKind } from './drift-tally.ts';
import { mapLimited } from './map-limited.ts';

interface Drifted {
  readonly entry: ObservedEntry;
  readonly drift: FoundDrift;
  readonly isAlive: boolean;
}

/** If the database seems to know more than the API, the API may only be late. */
const DOUBTFUL: ReadonlySet<ReconcileKind> = new Set(['newer_here', 'deleted_here']);
/** No race explains more of these on one page. */
const MAX_DOUBTS = 50;
/** Requests for single users that are under way at once. */
export const REQUESTS_AT_ONCE = 4;

/** A webhook takes seconds. One that Svix has to send again takes longer, and is what this run is for. */
const ON_ITS_WAY_MS = 60_000;

/**
 * Compares users with what is stored, writes those that differ through the write path, and compares again: what is equal
 * then is repaired. A dry run stops after the first comparison.
 *
 * @param isCounted which of them are counted. Default: all.
 * @returns how many of the users were alive here before.
 */
export async function checkUsers(
  run: ActiveReconcile,
  observed: readonly ObservedUser[],
  isCounted: (drift: FoundDrift) => boolean = () => true,
): Promise<number> {
  const found = await findDrifted(run, observed);
  const certain = await askAgain(run, found);
  const left = run.dryRun ? certain : await repair(run, certain);
  for (const one of certain) if (isCounted(one.drift)) run.tally.add(one.drift, !left.includes(one));
  return observed.length - found.filter(({ isAlive }) => !isAlive).length;
}

async function findDrifted(run: ActiveReconcile, observed: readonly ObservedUser[]): Promise<Drifted[]> {
  const entries = observed.map(({ user, observedAt }) => makeApiEntry(user, observe(run, observedAt)));
  const snapshots = new Map(entries.filter(isSnapshot).map((entry) => [entry.change.userId, entry]));
  const changes = [...snapshots.values()].map(({ change }) => change);
  const drifts = await withSession(run, (session) => findDrift(session, changes));
  const drifted = drifts.map((drift): Drifted => {
    const entry = snapshots.get(drift.userId) as SnapshotEntry;
    const isAlive = drift.kind !== 'missing' && drift.kind !== 'deleted_here';
    return { entry, drift: isOnItsWay(entry, drift.kind) ? { ...drift, kind: 'in_flight' } : drift, isAlive };
  });
  const unreadable = entries.filter(({ change }) => change.kind === 'dead_letter');
  return [...drifted, ...unreadable.map(describeUnreadable)];
}

type SnapshotEntry = ObservedEntry & { readonly change: UserSnapshot };

const isSnapshot = (entry: ObservedEntry): entry is SnapshotEntry => entry.change.kind === 'snapshot';

function isOnItsWay({ change: { version } }: SnapshotEntry, kind: ReconcileKind): boolean {
  const isLate = kind === 'missing' || kind === 'older';
  return isLate && version.observedAt.getTime() - version.updatedAt.getTime() < ON_ITS_WAY_MS;
}

/** Without an id nobody can tell whether the user is stored. The letter names them as far as possible. */
function describeUnreadable(entry: ObservedEntry): Drifted {
  const { userId, letterId } = entry;
  return { entry, drift: { userId: userId ?? letterId, kind: 'unreadable', fields: [] }, isAlive: false };
}

/** Asks for the doubtful users by their ids, and uses that answer. A user who no longer exists is no drift of this page. */
async function askAgain(run: ActiveReconcile, drifted: readonly Drifted[]): Promise<Drifted[]> {
  const doubtful = drifted.filter(({ drift }) => DOUBTFUL.has(drift.kind)).slice(0, MAX_DOUBTS);
  if (doubtful.length === 0) return [...drifted];
  const answers = await mapLimited(doubtful, REQUESTS_AT_ONCE, async ({ drift }) => {
    await assertGoing(run);
    return run.api.getUser(drift.userId);
  });
  const asked = new Set(doubtful);
  return [
    ...drifted.filter((one) => !asked.has(one)),
    ...(await findDrifted(
      run,
      answers.filter((answer) => answer !== undefined),
    )),
  ];
}

/** @returns those that still differ. */
async function repair(run: ActiveReconcile, drifted: readonly Drifted[]): Promise<Drifted[]> {
  if (drifted.length === 0) return [];
  const settled = await settleBatch(
    run.settle,
    drifted.map(({ entry }) => entry),
    TIMEOUT_MS,
  );
  run.tally.deadLetters += settled.filter(({ outcome }) => outcome === 'dead_letter').length;
  const snapshots = drifted.flatMap(({ entry }) => (isSnapshot(entry) ? [entry.change] : []));
  const still = await withSession(run, (session) => findDrift(session, snapshots));
  const ids = new Set(still.map(({ userId }) => userId));
  return drifted.filter(({ entry, drift }) => !isSnapshot(entry) || ids.has(drift.userId));
}
