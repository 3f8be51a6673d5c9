import type { ApiPage, ApiUser } from '../clerk/api/clerk-api.ts';
import { type ActiveReconcile, assertGoing, countRead, type RecentCheckpoint } from './active-reconcile.ts';
import { checkUsers } from './check-users.ts';
import type { ReconcileLimits } from './reconcile-options.ts';

/** The most that Clerk serves at once. */
const PAGE_SIZE = 500;
/** If no more than this part of a page is deleted between two requests, no user is missed. */
const OVERLAP_PART = 0.1;
/** Large offsets are slow: beyond this a walk through all users is better. */
const MAX_PAGES = 20;

/** The result of a run over recent changes. */
export interface RecentChanges {
  /** False if there were too many, or none at all. Then not all of them were compared. */
  readonly isComplete: boolean;
  /** When Clerk last changed a user, as of the first page. */
  readonly newest: Date | null;
  readonly stoppedAt?: RecentCheckpoint;
}

/**
 * Compares the users whom Clerk has changed since then, the latest first. A user who moves to the top meanwhile has a new
 * `updated_at`, and is left to the next run.
 *
 * @param since by Clerk's clock.
 * @param from where an earlier run was stopped.
 */
export async function reconcileRecent(
  run: ActiveReconcile,
  since: Date,
  from?: RecentCheckpoint,
): Promise<RecentChanges> {
  const budget = createBudget(run.limits);
  let newest = from === undefined ? null : new Date(from.newest);
  let reached = from && new Date(from.reached);
  for await (const { page, users, isFirst, nextOffset } of walkRecent(run, from)) {
    newest ??= findNewest(page);
    // Only a full run, which counts, can say that there are no users at all.
    if (isFirst && page.users.length === 0) break;
    await checkUsers(
      run,
      users.map((user) => ({ user, observedAt: page.observedAt })),
    );
    countRead(run, users.length);
    if (!page.isFull || reaches(page, since)) return { isComplete: true, newest };
    reached = earlier(reached, findOldest(page));
    if (budget.isSpent() && newest !== null && reached !== undefined) {
      const stoppedAt = { newest: newest.toISOString(), reached: reached.toISOString(), offset: nextOffset };
      return { isComplete: false, newest, stoppedAt };
    }
  }
  return { isComplete: false, newest };
}

interface RecentPage {
  readonly page: ApiPage;
  /** Those who were not on the page before. */
  readonly users: readonly ApiUser[];
  readonly isFirst: boolean;
  readonly nextOffset: number;
}

type Ids = ReadonlySet<ApiUser['id']>;

/**
 * The list from its top, or from where an earlier run was stopped. Pages overlap, since the list moves up by one with each
 * user who is deleted meanwhile. A page that does not follow on the last one is left out, and the next one begins earlier.
 */
async function* walkRecent(run: ActiveReconcile, from: RecentCheckpoint | undefined): AsyncGenerator<RecentPage> {
  const limit = run.limits?.pageSize ?? PAGE_SIZE;
  let offset = from?.offset ?? 0;
  let behind: Ids | Date | undefined = from && new Date(from.reached);
  for (let pages = 0; run.limits !== undefined || pages < MAX_PAGES; pages += 1) {
    await assertGoing(run);
    const page = await run.api.listUsers({ order: '-updated_at', offset, limit });
    if (offset > 0 && !continues(page, behind)) {
      offset = Math.max(0, offset - limit);
      continue;
    }
    const before: Ids = behind instanceof Date || behind === undefined ? new Set() : behind;
    const nextOffset = offset + Math.ceil(limit * (1 - OVERLAP_PART));
    yield { page, users: page.users.filter(({ id }) => !before.has(id)), isFirst: offset === 0, nextOffset };
    behind = new Set(page.users.flatMap(({ id }) => (id === null ? [] : [id])));
    offset = nextOffset;
  }
}

/** Whether this page follows on what is compared: it begins later than that ends, or with some of its users. */
function continues(page: ApiPage, behind: Ids | Date | undefined): boolean {
  if (!(behind instanceof Date)) return page.users.some(({ id }) => behind?.has(id) === true);
  const first = findNewest(page);
  return first !== null && first > behind;
}

function createBudget({
  maxPages = Number.POSITIVE_INFINITY,
  deadlineMs = Number.POSITIVE_INFINITY,
}: ReconcileLimits = {}) {
  const startedAt = performance.now();
  let pages = 0;
  let slowestMs = 0;
  let lastAt = startedAt;
  return {
    /** Asked after each page: whether the next one would be too many, or would probably end too late. */
    isSpent(): boolean {
      const now = performance.now();
      pages += 1;
      slowestMs = Math.max(slowestMs, now - lastAt);
      lastAt = now;
      return pages >= maxPages || now - startedAt + slowestMs > deadlineMs;
    },
  };
}

/** When Clerk last changed a user, by its own clock. Null if there are none. */
export async function findNewestChange(api: ActiveReconcile['api']): Promise<Date | null> {
  return findNewest(await api.listUsers({ order: '-updated_at', offset: 0, limit: 1 }));
}

function findNewest({ users }: ApiPage): Date | null {
  return users.find(({ user }) => user?.updatedAt !== undefined)?.user?.updatedAt ?? null;
}

function findOldest({ users }: ApiPage): Date | undefined {
  return users.findLast(({ user }) => user?.updatedAt !== undefined)?.user?.updatedAt;
}

function earlier(a: Date | undefined, b: Date | undefined): Date | undefined {
  return a !== undefined && b !== undefined && a < b ? a : (b ?? a);
}

function reaches({ users }: ApiPage, since: Date): boolean {
  return users.some(({ user }) => user?.updatedAt !== undefined && user.updatedAt < since);
}
