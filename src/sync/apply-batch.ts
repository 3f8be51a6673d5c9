import type { Outcome, RecordedOutcome } from '../../drizzle/schema/codes.ts';
import type { Session } from '../db/pool.ts';
import { type BatchEntry, type DeliveryEntry, getLetterId, isDelivery, type ObservedEntry } from './batch-entry.ts';
import { findOvertakenLetters } from './find-overtaken-letters.ts';
import { compareIds, type UserSnapshot, type UserTombstone } from './snapshots/snapshot.ts';
import { writeFirstWave, writeSnapshots } from './snapshots/write-snapshots.ts';
import { type Claim, claimMessages, correctOutcomes } from './statements/claim-messages.ts';
import {
  type FailedEntry,
  keepDeadLetters,
  type OpenLetter,
  reopenDeadLetters,
  resolveDeadLetters,
} from './statements/keep-letters.ts';
import { type DeletedUsers, deleteUsers, lockUsers } from './statements/write-tombstones.ts';

/** How a batch is applied. */
export interface ApplyOptions {
  readonly deletedUsers: DeletedUsers;
  /** When the batch is written: `synced_at`, and the times of dead letters. */
  readonly now: Date;
}

/**
 * The one write path: webhooks, replays and pages of the Backend API all end here. It settles each entry inside the
 * caller's transaction. Nothing is true before that commits.
 *
 * Rows are locked in this order: messages, letters, users, each by id. So processes that write the same users wait for
 * each other in a line. Only users that are written ahead come before the letters of other messages in the batch.
 *
 * @returns the outcomes, in the order of the entries.
 * @throws the database's error, if it refuses one of them: then none is settled.
 */
export async function applyBatch(
  session: Session,
  entries: readonly BatchEntry[],
  options: ApplyOptions,
): Promise<Outcome[]> {
  const { now } = options;
  const candidates = listCandidates(entries);
  const [{ mine, claimed, reopened, observedLetters }, first] = await Promise.all([
    claimEntries(session, candidates),
    mayWriteAhead(candidates) ? writeFirstWave(session, candidates.deliveries.filter(isSnapshot), now) : undefined,
  ]);
  const isComplete = claimed.size === candidates.deliveries.length;
  const outcomes = new Map<BatchEntry, RecordedOutcome>(mine.map((entry) => [entry, expectOutcome(entry)]));
  const markStale = (losers: readonly BatchEntry[]) => {
    for (const entry of losers) outcomes.set(entry, 'stale');
  };
  const tombstones = mine.filter(isTombstone);
  const snapshots = mine.filter(isSnapshot);
  if (tombstones.length > 0) {
    const userIds = [...tombstones, ...snapshots].map(({ change }) => change.userId);
    if (snapshots.length > 0) await lockUsers(session, userIds);
    markStale(await deleteUsers(session, tombstones, options));
  }
  markStale(await writeSnapshots(session, snapshots, now, first && { ...first, isComplete }));
  const applied = mine.filter(isDelivery).filter((entry) => outcomes.get(entry) === 'applied');
  const overtaken = observedLetters.length === 0 ? [] : findOvertakenLetters(observedLetters, applied);
  const failed = mine.filter(isFailed);
  if (failed.length > 0) keepDeadLetters(session, failed, now);
  recordOutcomes(session, { outcomes, reopened, overtaken, now });
  return entries.map((entry) => outcomes.get(entry) ?? 'duplicate');
}

/** What a batch asks for: of several deliveries of one message the first, in the order of locks. */
interface Candidates {
  readonly deliveries: readonly DeliveryEntry[];
  readonly observed: readonly ObservedEntry[];
}

function listCandidates(entries: readonly BatchEntry[]): Candidates {
  const byMessage = new Map<string, DeliveryEntry>();
  for (const entry of entries.filter(isDelivery)) {
    if (!byMessage.has(entry.message.messageId)) byMessage.set(entry.message.messageId, entry);
  }
  return {
    deliveries: [...byMessage.values()].sort((a, b) => compareIds(a.message.messageId, b.message.messageId)),
    observed: entries.filter(isObserved),
  };
}

/**
 * Deletions come before snapshots, and only what is claimed shows whether there are any. The ledger has the messages of
 * replays already, so nothing of them would be written.
 */
function mayWriteAhead({ deliveries, observed }: Candidates): boolean {
  if (observed.length > 0 || deliveries.some((entry) => isTombstone(entry) || isReplay(entry))) return false;
  return deliveries.some(isSnapshot);
}

/**
 * Finds which entries are this transaction's to settle: new messages, those whose dead letter is unresolved, all that was
 * read from the Backend API, and replays whose letter is as it was read. Unresolved letters are locked here, and so are those
 * that a delivery may make pointless.
 */
async function claimEntries(session: Session, { deliveries, observed }: Candidates) {
  const rows = deliveries.map((entry) => ({ message: entry.message, outcome: expectOutcome(entry) }));
  const { claimed, observedLetters } = rows.length === 0 ? NOTHING_CLAIMED : await claimMessages(session, rows);
  const own = new Set(observed.map(({ letterId }) => letterId));
  const known = [
    ...deliveries.filter((entry) => isReplay(entry) || !claimed.has(getLetterId(entry))).map(getLetterId),
    ...new Set([...own, ...observedLetters]),
  ];
  const open = known.length === 0 ? [] : await reopenDeadLetters(session, known);
  const reopened = new Map(open.map((letter) => [letter.message_id, letter.version]));
  const mine = [...deliveries, ...observed].filter((entry) => {
    const id = getLetterId(entry);
    if (isReplay(entry)) return reopened.get(id) === entry.letterVersion;
    return !isDelivery(entry) || claimed.has(id) || reopened.has(id);
  });
  const others = open.filter(({ message_id: id }) => observedLetters.includes(id) && !own.has(id));
  return { mine, claimed, reopened, observedLetters: others };
}

const NOTHING_CLAIMED: Claim = { claimed: new Set(), observedLetters: [] };

interface Settlement {
  readonly outcomes: ReadonlyMap<BatchEntry, RecordedOutcome>;
  readonly reopened: ReadonlyMap<string, string>;
  readonly overtaken: readonly OpenLetter[];
  readonly now: Date;
}

/** The claim wrote what was expected. The row of a reopened message says `dead_letter` until it is settled. */
function recordOutcomes(session: Session, { outcomes, reopened, overtaken, now }: Settlement): void {
  const settled = [...outcomes].map(([entry, outcome]) => ({ entry, messageId: getLetterId(entry), outcome }));
  const isResolved = ({ messageId, outcome }: (typeof settled)[number]) =>
    reopened.has(messageId) && outcome !== 'dead_letter';
  const isCorrected = ({ entry, messageId, outcome }: (typeof settled)[number]) =>
    outcome !== expectOutcome(entry) && !reopened.has(messageId);
  const resolved = settled.filter(isResolved);
  const rewritten = [...settled.filter(isCorrected), ...resolved].filter(({ entry }) => isDelivery(entry));
  if (rewritten.length > 0) correctOutcomes(session, rewritten);
  const closed = [...resolved, ...overtaken.map(({ message_id: messageId }) => ({ messageId, outcome: APPLIED }))];
  if (closed.length > 0) resolveDeadLetters(session, closed, now);
}

const APPLIED: RecordedOutcome = 'applied';

function expectOutcome({ change }: BatchEntry): RecordedOutcome {
  return change.kind === 'ignored' || change.kind === 'dead_letter' ? change.kind : 'applied';
}

const isTombstone = <Entry extends BatchEntry>(entry: Entry): entry is Entry & { change: UserTombstone } =>
  entry.change.kind === 'tombstone';

const isSnapshot = <Entry extends BatchEntry>(entry: Entry): entry is Entry & { change: UserSnapshot } =>
  entry.change.kind === 'snapshot';

const isObserved = (entry: BatchEntry): entry is ObservedEntry => !isDelivery(entry);

const isReplay = ({ letterVersion }: BatchEntry): boolean => letterVersion !== undefined;

const isFailed = (entry: BatchEntry): entry is FailedEntry => entry.change.kind === 'dead_letter';
