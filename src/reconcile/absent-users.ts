import type { ObservedUser } from '../clerk/api/clerk-api.ts';
import { ClerkApiError } from '../clerk/api/clerk-api-error.ts';
import { isSampleInstance } from '../samples/sample-instances.ts';
import { makeApiTombstone } from '../sync/batch-entry.ts';
import { settleBatch } from '../sync/settle-batch.ts';
import { countUsersByInstance } from '../users/count-users-by-instance.ts';
import { type ActiveReconcile, assertGoing, observe, TIMEOUT_MS, withSession } from './active-reconcile.ts';
import { checkUsers, REQUESTS_AT_ONCE } from './check-users.ts';
import type { FoundDrift } from './drift-tally.ts';
import type { Candidate } from './find-candidates.ts';
import { mapLimited } from './map-limited.ts';

/** A user who is stored here, and whom Clerk does not have. */
interface AbsentUser extends Candidate {
  readonly askedAt: Date;
}

/** How many are asked for before the limit is checked again. */
const CHUNK = 50;
/** Tombstones in one transaction. */
const BATCH = 500;
/** Without `--max-deletions`: this many, or this part of the living users here, whichever is more. */
const MIN_LIMIT = 50;
const LIMIT_PART = 0.1;

/**
 * The users who are stored here and were not in the walk. Each is asked for by id, because a walk can miss somebody. Only if
 * Clerk itself answers that there is no such user, a tombstone is written. A tombstone is final. So none is written before the
 * end of the walk, and none at all if there are too many.
 */
export class AbsentUsers {
  readonly #run: ActiveReconcile;
  readonly #absent: AbsentUser[] = [];
  #unasked = 0;
  #limit: number | undefined;

  constructor(run: ActiveReconcile) {
    this.#run = run;
  }

  /** Asks for each candidate but samples. Users who are there after all are compared and repaired like the others. */
  async ask(candidates: readonly Candidate[]): Promise<void> {
    const { instanceId, tally } = this.#run;
    const real = candidates.filter((candidate) => !isSampleInstance(candidate.instanceId));
    const isOther = (candidate: Candidate) =>
      instanceId !== null && candidate.instanceId !== null && candidate.instanceId !== instanceId;
    for (const { userId } of real.filter(isOther)) {
      tally.add({ userId, kind: 'other_instance', fields: [] }, false);
    }
    const own = real.filter((candidate) => !isOther(candidate));
    for (let place = 0; place < own.length; place += CHUNK) await this.#askChunk(own.slice(place, place + CHUNK));
  }

  /**
   * Makes tombstones of those whom Clerk doesn't know. The walk has come to its end.
   *
   * @param met how many users of the walk were alive here. If there was none, the key may belong to another instance.
   */
  async remove({ met }: { met: number }): Promise<void> {
    const { dryRun, notes } = this.#run;
    if (this.#unasked > 0)
      notes.add(`Users here who were not in the walk either, and have not been asked for: ${this.#unasked}.`);
    if (this.#absent.length === 0) return;
    if (this.#absent.length > (await this.#getLimit())) return this.#refuse(await this.#describeLimit());
    const isDoubtful = (user: AbsentUser) => met === 0 && !this.#isOurs(user);
    const doubtful = this.#absent.filter(isDoubtful);
    if (doubtful.length > 0) {
      notes.add(
        'Nobody in the walk was known here before, so those who are absent there may be of another Clerk instance: they were left alone. If that is wrong, run this again.',
      );
    }
    for (const user of doubtful) this.#count(user, false);
    const certain = this.#absent.filter((user) => !isDoubtful(user));
    if (dryRun) for (const user of certain) this.#count(user, false);
    else await this.#writeTombstones(certain);
  }

  async #askChunk(candidates: readonly Candidate[]): Promise<void> {
    const run = this.#run;
    // Too many were found to delete any, so there is no need to ask for more.
    if (this.#absent.length > 0 && this.#absent.length > (await this.#getLimit())) {
      this.#unasked += candidates.length;
      return;
    }
    const answers = await mapLimited(candidates, REQUESTS_AT_ONCE, (candidate) => this.#askFor(candidate));
    const there = answers.filter((answer) => answer !== undefined);
    if (there.length > 0) await checkUsers(run, there, isCountedOnce(run));
  }

  /** @returns the user, if there is one. */
  async #askFor(candidate: Candidate): Promise<ObservedUser | undefined> {
    const run = this.#run;
    await assertGoing(run);
    const askedAt = new Date();
    try {
      const answer = await run.api.getUser(candidate.userId);
      if (answer !== undefined) return answer;
      this.#absent.push({ ...candidate, askedAt });
    } catch (error) {
      // Clerk can't be asked for this, for example because it is no id.
      if (!(error instanceof ClerkApiError && error.code === 'bad_request')) throw error;
      this.#count(candidate, false);
      run.notes.add(
        "Clerk can't be asked for the ids of some users here, which can't be its own: they were left alone.",
      );
    }
    return undefined;
  }

  #isOurs({ instanceId }: AbsentUser): boolean {
    return instanceId !== null && instanceId === this.#run.instanceId;
  }

  #count({ userId }: Candidate, isRepaired: boolean): void {
    this.#run.tally.add({ userId, kind: 'absent', fields: [] }, isRepaired);
  }

  async #writeTombstones(users: readonly AbsentUser[]): Promise<void> {
    const run = this.#run;
    for (let place = 0; place < users.length; place += BATCH) {
      await assertGoing(run);
      const batch = users.slice(place, place + BATCH);
      const entries = batch.map(({ userId, askedAt }) => makeApiTombstone(userId, observe(run, askedAt)));
      const settled = await settleBatch(run.settle, entries, TIMEOUT_MS);
      // Stale: a webhook has said so meanwhile.
      for (const [index, user] of batch.entries()) {
        const outcome = settled[index]?.outcome;
        if (outcome === 'dead_letter') run.tally.deadLetters += 1;
        this.#count(user, outcome === 'applied' || outcome === 'stale');
      }
    }
  }

  #refuse(limit: string): void {
    const users = this.#absent.length + this.#unasked;
    for (const user of this.#absent) this.#count(user, false);
    this.#run.tally.withhold(users);
    this.#run.notes.add(
      `Users here who are not at Clerk any more: ${this.#absent.length}. That is more than ${limit}, so nobody was deleted. Make sure that CLERK_SECRET_KEY and CLERK_API_URL are right; then allow so many with --max-deletions ${users}.`,
    );
  }

  async #describeLimit(): Promise<string> {
    const limit = await this.#getLimit();
    if (this.#run.maxDeletions !== undefined) return `--max-deletions ${limit} allows`;
    return `the ${limit} that a run may delete by itself (${MIN_LIMIT}, or a tenth of the users here)`;
  }

  async #getLimit(): Promise<number> {
    this.#limit ??= this.#run.maxDeletions ?? chooseDeletionLimit(await countLiving(this.#run));
    return this.#limit;
  }
}

/** Counts the users of the key's instance who are not deleted. A user without an instance may belong to it. */
export async function countLiving(run: Pick<ActiveReconcile, 'settle' | 'instanceId'>): Promise<number> {
  const { instanceId: own } = run;
  const { real } = await withSession(run, countUsersByInstance);
  return real
    .filter(({ instanceId }) => own === null || instanceId === null || instanceId === own)
    .reduce((sum, { living }) => sum + living, 0);
}

/** How many deletions a run makes by itself. */
export function chooseDeletionLimit(living: number): number {
  return Math.max(MIN_LIMIT, Math.floor(living * LIMIT_PART));
}

/**
 * A row with another creation time than Clerk's lies in the range of another page, where it was or will be found. A run
 * that repairs it there counts it once by itself.
 */
function isCountedOnce({ dryRun }: ActiveReconcile): (drift: FoundDrift) => boolean {
  return ({ fields }) => !dryRun || !fields.includes('created_at');
}
