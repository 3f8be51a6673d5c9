import type { Session } from '../db/pool.ts';
import type { BatchEntry } from './entries/batch-entry.ts';
import { type Claim, claimMessages, correctOutcomes, type RecordedOutcome } from './ledger.ts';
import { findOvertakenLetters } from './letters/find-overtaken-letters.ts';
import {
  type FailedEntry,
  keepDeadLetters,
  keepObservedDeadLetters,
  type OpenLetter,
  reopenDeadLetters,
  resolveDeadLetters,
} from './letters/kept-letters.ts';
import { lockUsers } from './lock-users.ts';
import type { Outcome } from './outcome.ts';
import type { UserSnapshot, UserTombstone } from './snapshots/snapshot.ts';
import { compareIds } from './snapshots/version.ts';
import { writeFirstWave, writeSnapshots } from './snapshots/write-snapshots.ts';
import { type DeletedUsers, deleteUsers } from './snapshots/write-tombstones.ts';

export interface ApplyOptions {
  readonly deletedUsers: DeletedUsers;
  /** When the batch is written: `synced_at`, and the times of dead letters. */
  readonly now: Date;
}

/**
 * The one write path: webhooks, replays and pages of the Backend API all end here. Settles each entry inside the
 * caller's transaction; nothing is true before that commits.
 *
 * Rows are locked messages before letters before users, each by id, so that processes that write the same users wait for each
 * other in a line. Only users that are written ahead come before the letters of other messages in the batch.
 *
 * @returns the outcomes, in the order of the entries.
 * @throws the database's error, when it refuses one of them: then none is settled.
 */
export async function applyBatch(
  session: Session,
  entries: readonly BatchEntry[],
  options: ApplyOptions,
): Promise<Outcome[]> {
  const candidates = listCandidates(entries);
  const [{ mine, claimed, reopened, observedLetters }, first] = await Promise.all([
    claimEntries(session, candidates),
    mayWriteAhead(candidates)
      ? writeFirstWave(session, candidates.deliveries.filter(isSnapshot), options.now)
      : undefined,
  ]);
  const isComplete = claimed.size === candidates.deliveries.length;
  const outcomes = new Map<BatchEntry, RecordedOutcome>(mine.map((entry) => [entry, expectedOutcome(entry)]));
  const markStale = (losers: readonly BatchEntry[]) => {
    for (const entry of losers) outcomes.set(entry, 'stale');
  };
  const tombstones = mine.filter(isTombstone);
  const snapshots = mine.filter(isSnapshot);
  if (tombstones.length > 0 && snapshots.length > 0) {
    const userIds = [...tombstones, ...snapshots].map(({ change }) => change.userId);
    await lockUsers(session, userIds);
  }
  markStale(await deleteUsers(session, tombstones, options));
  markStale(await writeSnapshots(session, snapshots, options.now, first && { ...first, isComplete }));
  const applied = mine.filter((entry) => outcomes.get(entry) === 'applied' && isDelivery(entry));
  const overtaken = findOvertakenLetters(observedLetters, applied);
  keepLetters(session, mine, options.now);
  recordOutcomes(session, { outcomes, reopened, overtaken, now: options.now });
  return entries.map((entry) => outcomes.get(entry) ?? 'duplicate');
}

/** What a batch asks for: of several entries with one message the first, in the order of locks. */
interface Candidates {
  readonly deliveries: readonly BatchEntry[];
  readonly observed: readonly BatchEntry[];
}

function listCandidates(entries: readonly BatchEntry[]): Candidates {
  const byMessage = new Map<string, BatchEntry>();
  for (const entry of entries) {
    if (isDelivery(entry) && !byMessage.has(entry.message.messageId)) byMessage.set(entry.message.messageId, entry);
  }
  return {
    deliveries: [...byMessage.values()].sort((a, b) => compareIds(a.message.messageId, b.message.messageId)),
    observed: entries.filter((entry) => !isDelivery(entry)),
  };
}

/** Deletions come before snapshots, and only what is claimed shows whether there are any. */
function mayWriteAhead({ deliveries, observed }: Candidates): boolean {
  return observed.length === 0 && deliveries.some(isSnapshot) && !deliveries.some(isTombstone);
}

/**
 * Finds which entries are this transaction's to settle: new messages, those whose dead letter is open, and all that was
 * read from the Backend API. Open letters are locked here; so are those that a delivery may make immaterial.
 */
async function claimEntries(session: Session, { deliveries, observed }: Candidates) {
  const rows = deliveries.map((entry) => ({ message: entry.message, outcome: expectedOutcome(entry) }));
  const { claimed, observedLetters } = rows.length === 0 ? NOTHING_CLAIMED : await claimMessages(session, rows);
  const known = [
    ...deliveries.map(({ message: { messageId } }) => messageId).filter((messageId) => !claimed.has(messageId)),
    ...new Set([...observed.map(({ message }) => message.messageId), ...observedLetters]),
  ];
  const open = known.length === 0 ? [] : await reopenDeadLetters(session, known);
  const reopened = new Set(open.map((letter) => letter.message_id));
  const mine = deliveries.filter(({ message: { messageId } }) => claimed.has(messageId) || reopened.has(messageId));
  const isOwn = (letter: OpenLetter) => observed.some(({ message }) => message.messageId === letter.message_id);
  const others = open.filter((letter) => observedLetters.includes(letter.message_id) && !isOwn(letter));
  return { mine: [...mine, ...observed], claimed, reopened, observedLetters: others };
}

const NOTHING_CLAIMED: Claim = { claimed: new Set(), observedLetters: [] };

interface Settlement {
  readonly outcomes: ReadonlyMap<BatchEntry, RecordedOutcome>;
  readonly reopened: ReadonlySet<string>;
  readonly overtaken: readonly OpenLetter[];
  readonly now: Date;
}

/** The claim wrote what was expected; a reopened message's row says `dead_letter` until it is settled. */
function recordOutcomes(session: Session, { outcomes, reopened, overtaken, now }: Settlement): void {
  const settled = [...outcomes].map(
    ([
      {
        origin,
        message: { messageId },
        change,
      },
      outcome,
    ]) => ({
      messageId,
      outcome,
      isRecorded: origin === 'webhook',
      isExpected: outcome === expectedOutcome({ change }),
    }),
  );
  const resolved = settled.filter(({ messageId, outcome }) => reopened.has(messageId) && outcome !== 'dead_letter');
  const corrected = settled.filter(
    ({ messageId, isRecorded, isExpected }) => isRecorded && !isExpected && !reopened.has(messageId),
  );
  const rewritten = [...corrected, ...resolved.filter(({ isRecorded }) => isRecorded)];
  if (rewritten.length > 0) correctOutcomes(session, rewritten);
  const closed = [
    ...resolved,
    ...overtaken.map(({ message_id: messageId }) => ({ messageId, outcome: 'applied' as const })),
  ];
  if (closed.length > 0) resolveDeadLetters(session, closed, now);
}

function keepLetters(session: Session, mine: readonly BatchEntry[], now: Date): void {
  const failures = mine.filter(isLetter);
  const [deliveries, observed] = [failures.filter(isDelivery), failures.filter((entry) => !isDelivery(entry))];
  if (deliveries.length > 0) keepDeadLetters(session, deliveries, now);
  if (observed.length > 0) keepObservedDeadLetters(session, observed, now);
}

function expectedOutcome({ change }: Pick<BatchEntry, 'change'>): RecordedOutcome {
  return change.kind === 'ignored' || change.kind === 'dead_letter' ? change.kind : 'applied';
}

const isDelivery = ({ origin }: BatchEntry): boolean => origin === 'webhook';

const isTombstone = (entry: BatchEntry): entry is BatchEntry & { change: UserTombstone } =>
  entry.change.kind === 'tombstone';

const isSnapshot = (entry: BatchEntry): entry is BatchEntry & { change: UserSnapshot } =>
  entry.change.kind === 'snapshot';

const isLetter = (entry: BatchEntry): entry is FailedEntry => entry.change.kind === 'dead_letter';
