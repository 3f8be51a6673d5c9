import type { Drift, DriftKind } from '../sync/find-drift.ts';

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
  /** Ids of users, those left first. */
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

interface OpenCount {
  found: number;
  repaired: number;
  left: number;
  examples: readonly string[];
  readonly fields: Record<string, number>;
}

/** The state of a run as far as it has come. Of users it keeps counts and a few ids. */
export class DriftTally {
  usersRead = 0;
  readonly #counts = new Map<ReconcileKind, OpenCount>();

  /** Counts one user who is stored otherwise than Clerk says, once it is known whether he could be repaired. */
  add({ kind, userId, fields }: FoundDrift, isRepaired: boolean): void {
    const count = this.#open(kind);
    count.found += 1;
    if (isRepaired) count.repaired += 1;
    else count.left += 1;
    count.examples = (isRepaired ? [...count.examples, userId] : [userId, ...count.examples]).slice(0, MAX_EXAMPLES);
    for (const field of fields) count.fields[field] = (count.fields[field] ?? 0) + 1;
  }

  /** Counts users of whom nothing but their number is known. */
  addLeft(kind: ReconcileKind, users: number): void {
    const count = this.#open(kind);
    count.found += users;
    count.left += users;
  }

  /** For a run that begins anew; one that has written nothing would find the same users again. */
  startOver({ keepCounts }: { keepCounts: boolean }): void {
    this.usersRead = 0;
    if (!keepCounts) this.#counts.clear();
  }

  read(): DriftCounts {
    const kinds = KINDS.filter((kind) => this.#counts.has(kind));
    return Object.fromEntries(kinds.map((kind) => [kind, structuredClone(this.#open(kind))]));
  }

  #open(kind: ReconcileKind): OpenCount {
    const count: OpenCount = this.#counts.get(kind) ?? { found: 0, repaired: 0, left: 0, examples: [], fields: {} };
    this.#counts.set(kind, count);
    return count;
  }
}

/**
 * How many users still differ in what matters. Activity changes by itself, and what is on its way comes by itself: a dry
 * run leaves that to others.
 */
export function countLeft(drift: DriftCounts, { dryRun }: { dryRun: boolean }): number {
  const passing = new Set<string>(dryRun ? ['activity', 'in_flight'] : ['activity']);
  return Object.entries(drift).reduce((sum, [kind, { left }]) => (passing.has(kind) ? sum : sum + left), 0);
}
