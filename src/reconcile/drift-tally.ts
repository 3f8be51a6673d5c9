import type { Drift, DriftKind } from '../sync/drift/find-drift.ts';
import { ACKNOWLEDGEABLE, makeKey } from './acknowledgements.ts';

/**
 * What a reconcile finds, beside what `findDrift` tells.
 *
 * - `in_flight`: missing or older here, and changed so shortly before it was read that its webhook may be on its way. It
 *   is written all the same.
 * - `unreadable`: what Clerk serves of this user can't be read; it is kept as a dead letter.
 */
export type ReconcileKind = DriftKind | 'in_flight' | 'unreadable';

export interface FoundDrift extends Omit<Drift, 'kind'> {
  readonly kind: ReconcileKind;
}

/** What a run found of one kind, and what became of it. */
export interface DriftCount {
  readonly found: number;
  readonly repaired: number;
  readonly left: number;
  /** Not counted as left: an operator knows of them. Absent where it is 0. */
  readonly acknowledged?: number;
  /** So many deletions a run would have to be allowed. Absent where none was held back. */
  readonly withheld?: number;
  /** Ids of users, those left first; of what can be acknowledged up to 1,000. */
  readonly examples: readonly string[];
  /** How often each column or child table differed. */
  readonly fields: Readonly<Record<string, number>>;
}

export type DriftCounts = Readonly<Partial<Record<ReconcileKind, DriftCount>>>;

/** In the order in which people are told. */
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
/** Whoever acknowledges drift needs the ids. */
const MAX_ACKNOWLEDGEABLE = 1000;
const KNOWN: ReadonlySet<string> = new Set(ACKNOWLEDGEABLE);

interface OpenCount {
  found: number;
  repaired: number;
  left: number;
  acknowledged: number;
  withheld: number;
  examples: readonly string[];
  readonly fields: Record<string, number>;
}

/** The state of a run as far as it has come. Of users it keeps counts and a few ids. */
export class DriftTally {
  usersRead = 0;
  /** Users who could not be written, and were kept as dead letters. */
  deadLetters = 0;
  /** Made by `makeKey`. */
  acknowledged: ReadonlySet<string> = new Set();
  readonly #counts = new Map<ReconcileKind, OpenCount>();

  /** Counts one user who is stored otherwise than Clerk says, once it is known whether he could be repaired. */
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

  /** Counts users of whom nothing but their number is known. */
  addLeft(kind: ReconcileKind, users: number): void {
    const count = this.#open(kind);
    count.found += users;
    count.left += users;
  }

  /** Counts users who may have to be deleted, and of whom a run may not delete so many. */
  withhold(users: number): void {
    this.#open('absent').withheld += users;
  }

  /** For a run that begins anew; one that has written nothing would find the same users again. */
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
 * How many users still differ in what matters. Activity changes by itself, and what is on its way comes by itself: a dry
 * run leaves that to others.
 */
export function countLeft(drift: DriftCounts, { dryRun }: { dryRun: boolean }): number {
  const passing = new Set<string>(dryRun ? ['activity', 'in_flight'] : ['activity']);
  return Object.entries(drift).reduce((sum, [kind, { left }]) => (passing.has(kind) ? sum : sum + left), 0);
}
