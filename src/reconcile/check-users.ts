import type { ObservedUser } from '../clerk/api/clerk-api.ts';
import { findDrift } from '../sync/drift/find-drift.ts';
import type { BatchEntry } from '../sync/entries/batch-entry.ts';
import { makeApiEntry } from '../sync/entries/make-api-entry.ts';
import { settleBatch } from '../sync/settle-batch.ts';
import type { UserSnapshot } from '../sync/snapshots/snapshot.ts';
import type { FoundDrift, ReconcileKind } from './drift-tally.ts';
import { mapLimited } from './map-limited.ts';
import { makeObservation, type RunContext, TIMEOUT_MS } from './run-context.ts';

interface Drifted {
  readonly entry: BatchEntry;
  readonly drift: FoundDrift;
  /** Whether there was a living row here. */
  readonly isAlive: boolean;
}

/** Where the database seems to know better than the API, one of them may only have heard it later. */
const DOUBTFUL: ReadonlySet<ReconcileKind> = new Set(['newer_here', 'deleted_here']);
/** No race explains more of these on one page. */
const MAX_DOUBTS = 50;
export const REQUESTS_AT_ONCE = 4;

/** A webhook takes seconds; one that Svix has to send again takes longer, and then is what this run is for. */
const ON_ITS_WAY_MS = 60_000;

/**
 * Compares users with what is stored, writes those that differ through the write path, and compares again: what is equal
 * then is repaired. A dry run stops after the first comparison.
 *
 * @param isCounted which of them are told of; all when absent.
 * @returns how many of the users were alive here before.
 */
export async function checkUsers(
  run: RunContext,
  observed: readonly ObservedUser[],
  isCounted: (drift: FoundDrift) => boolean = () => true,
): Promise<number> {
  const found = await findDrifted(run, observed);
  const certain = await askAgain(run, found);
  const left = run.dryRun ? certain : await repair(run, certain);
  for (const one of certain) if (isCounted(one.drift)) run.tally.add(one.drift, !left.includes(one));
  return observed.length - found.filter(({ isAlive }) => !isAlive).length;
}

async function findDrifted(run: RunContext, observed: readonly ObservedUser[]): Promise<Drifted[]> {
  const entries = observed.map(({ user, observedAt }) => makeApiEntry(user, makeObservation(run, observedAt)));
  const snapshots = new Map(entries.filter(isSnapshot).map((entry) => [entry.change.userId, entry]));
  const drifts = await run.settle.pool.withTransaction(
    (session) =>
      findDrift(
        session,
        [...snapshots.values()].map(({ change }) => change),
      ),
    { timeoutMs: TIMEOUT_MS },
  );
  const drifted = drifts.map((drift): Drifted => {
    const entry = snapshots.get(drift.userId) as SnapshotEntry;
    const isAlive = drift.kind !== 'missing' && drift.kind !== 'deleted_here';
    return { entry, drift: isOnItsWay(entry, drift.kind) ? { ...drift, kind: 'in_flight' } : drift, isAlive };
  });
  const unreadable = entries.filter(({ change }) => change.kind === 'dead_letter');
  return [...drifted, ...unreadable.map(describeUnreadable)];
}

type SnapshotEntry = BatchEntry & { readonly change: UserSnapshot };

const isSnapshot = (entry: BatchEntry): entry is SnapshotEntry => entry.change.kind === 'snapshot';

function isOnItsWay({ change: { version } }: SnapshotEntry, kind: ReconcileKind): boolean {
  const isLate = kind === 'missing' || kind === 'older';
  return isLate && version.observedAt.getTime() - version.updatedAt.getTime() < ON_ITS_WAY_MS;
}

/** Whether the user is stored can't be told where there is no id; the letter names him as far as possible. */
function describeUnreadable(entry: BatchEntry): Drifted {
  const { userId, messageId } = entry.message;
  return { entry, drift: { userId: userId ?? messageId, kind: 'unreadable', fields: [] }, isAlive: false };
}

/** Asks for the doubtful ones by their ids, and goes by that answer. Who is gone by now is no drift of this page. */
async function askAgain(run: RunContext, drifted: readonly Drifted[]): Promise<Drifted[]> {
  const doubtful = drifted.filter(({ drift }) => DOUBTFUL.has(drift.kind)).slice(0, MAX_DOUBTS);
  if (doubtful.length === 0) return [...drifted];
  const answers = await mapLimited(doubtful, REQUESTS_AT_ONCE, async ({ drift }) => {
    await run.assertGoing();
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

/** @returns those that differ still. */
async function repair(run: RunContext, drifted: readonly Drifted[]): Promise<Drifted[]> {
  if (drifted.length === 0) return [];
  const settled = await settleBatch(
    run.settle,
    drifted.map(({ entry }) => entry),
    TIMEOUT_MS,
  );
  run.tally.deadLetters += settled.filter(({ outcome }) => outcome === 'dead_letter').length;
  const snapshots = drifted.flatMap(({ entry }) => (isSnapshot(entry) ? [entry.change] : []));
  const still = await run.settle.pool.withTransaction((session) => findDrift(session, snapshots), {
    timeoutMs: TIMEOUT_MS,
  });
  const ids = new Set(still.map(({ userId }) => userId));
  return drifted.filter(({ entry, drift }) => !isSnapshot(entry) || ids.has(drift.userId));
}
