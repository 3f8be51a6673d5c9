import { acknowledgeableKinds } from '../../drizzle/schema/codes.ts';
import type { Drift, DriftKind } from '../sync/drift/find-drift.ts';
import { makeKey } from './acknowledgements.ts';

/**
 * What a reconcile finds, beside what `findDrift` tells.
 *
 * - `in_flight`: missing or older here, and changed so shortly before it was read that its webhook may be on its way. It
 *   is written all the same.
 * - `unreadable`: what Clerk serves of this user can't be read. It is kept as a dead letter.
 */
export type ReconcileKind = DriftKind | 'in_flight' | 'unreadable';

/** One user who is stored otherwise than Clerk says. */
export interface FoundDrift extends Omit<Drift, 'kind'> {
  readonly kind: ReconcileKind;
}

/** What a run found of one kind, and what became of it. */
export interface DriftCount {
  readonly found: number;
  readonly repaired: number;
  readonly left: number;
  /** Not counted as left: an operator knows of them. Absent if it is 0. */
  readonly acknowledged?: number;
  /** How many deletions the run would need to be allowed. Absent if none was held back. */
  readonly withheld?: number;
  /** Ids of users, those left first. Of what can be acknowledged there are up to 1,000. */
  readonly examples: readonly string[];
  readonly fields: Readonly<Record<string, number>>;
}

/** The counts of a run by the kind of drift. A kind that was not found is absent. */
export type DriftCounts = Readonly<Partial<Record<ReconcileKind, DriftCount>>>;

/** In the order in which they are shown. */
const KINDS: readonly ReconcileKind[] = [
  'missing',
  'older',
  'different',
  'absent',
  'unreadable',
  'newer_here',
  'deleted_here',
  'other_instance',
  'in_flight',
  'activity',
];

const MAX_EXAMPLES = 3;
/** The ids are needed to acknowledge drift. */
const MAX_ACKNOWLEDGEABLE = 1000;
const KNOWN: ReadonlySet<string> = new Set(acknowledgeableKinds);

interface OpenCount {
  found: number;
  repaired: number;
  left: number;
  acknowledged: number;
  withheld: number;
  examples: readonly string[];
  readonly fields: Record<string, number>;
}

/** What a run has found so far. Of users it keeps counts and a few ids. */
export class DriftTally {
  usersRead = 0;
  deadLetters = 0;
  acknowledged: ReadonlySet<string> = new Set();
  readonly #counts = new Map<ReconcileKind, OpenCount>();

  /** Counts one user who is stored otherwise than Clerk says, once it is known whether that could be repaired. */
  add({ kind, userId, fields }: FoundDrift, isRepaired: boolean): void {
    const count = this.#open(kind);
    count.found += 1;
    if (!isRepaired && this.acknowledged.has(makeKey(kind, userId))) {
      count.acknowledged += 1;
      return;
    }
    if (isRepaired) count.repaired += 1;
    else count.left += 1;
    count.examples = (isRepaired ? [...count.examples, userId] : [userId, ...count.examples]).slice(
      0,
      KNOWN.has(kind) ? MAX_ACKNOWLEDGEABLE : MAX_EXAMPLES,
    );
    for (const field of fields) count.fields[field] = (count.fields[field] ?? 0) + 1;
  }

  /** Counts users of whom only the number is known. */
  addLeft(kind: ReconcileKind, users: number): void {
    const count = this.#open(kind);
    count.found += users;
    count.left += users;
  }

  /** Counts users who may have to be deleted, and who are too many for a run to delete. */
  withhold(users: number): void {
    this.#open('absent').withheld += users;
  }

  /** For a run that starts again. One that has written nothing would find the same users again. */
  startOver({ keepCounts }: { keepCounts: boolean }): void {
    this.usersRead = 0;
    if (!keepCounts) this.#counts.clear();
  }

  read(): DriftCounts {
    const kinds = KINDS.filter((kind) => this.#counts.has(kind));
    return Object.fromEntries(kinds.map((kind) => [kind, toCount(this.#open(kind))]));
  }

  #open(kind: ReconcileKind): OpenCount {
    const count: OpenCount = this.#counts.get(kind) ?? {
      ...{ found: 0, repaired: 0, left: 0, acknowledged: 0, withheld: 0 },
      ...{ examples: [], fields: {} },
    };
    this.#counts.set(kind, count);
    return count;
  }
}

function toCount({ acknowledged, withheld, ...count }: OpenCount): DriftCount {
  return structuredClone({
    ...count,
    ...(acknowledged > 0 && { acknowledged }),
    ...(withheld > 0 && { withheld }),
  });
}

/**
 * Counts the users who still differ in what matters. Activity changes by itself. What is on its way comes by itself, and a
 * dry run leaves that to others.
 */
export function countLeft(drift: DriftCounts, { dryRun }: { dryRun: boolean }): number {
  const passing = new Set<string>(dryRun ? ['activity', 'in_flight'] : ['activity']);
  return Object.entries(drift).reduce((sum, [kind, { left }]) => (passing.has(kind) ? sum : sum + left), 0);
}
