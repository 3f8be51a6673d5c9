import type { ApiPage, ApiUser } from '../clerk/api/clerk-api.ts';
import { checkUsers } from './check-users.ts';
import type { RunContext } from './run-context.ts';

/** The most that Clerk serves at once. */
const PAGE_SIZE = 500;
/** So many deletions between two requests move nobody past a page's end. */
const OVERLAP = 50;
/** Offsets get slower the larger they are: beyond this a walk through all users is the better way. */
const MAX_PAGES = 20;

/**
 * Compares the users whom Clerk has changed since, the latest first. Pages overlap, since the list moves up by one with
 * each user who is deleted meanwhile; a page that has nobody of the one before is no continuation, and the next one begins
 * earlier. What moves to the top meanwhile has a new `updated_at`, and is the next run's.
 *
 * @param since by Clerk's clock.
 */
export async function reconcileRecent(run: RunContext, since: Date): Promise<RecentChanges> {
  let offset = 0;
  let before: ReadonlySet<ApiUser['id']> = new Set();
  let newest: Date | null = null;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    await run.assertGoing();
    const page = await run.api.listUsers({ order: '-updated_at', offset, limit: PAGE_SIZE });
    const users = page.users.filter(({ id }) => !before.has(id));
    if (offset > 0 && users.length === page.users.length) {
      offset = Math.max(0, offset - PAGE_SIZE);
      continue;
    }
    if (pages === 0) newest = findNewest(page);
    // Whether there is nobody at all is for a run to say that counts.
    if (offset === 0 && page.users.length === 0) return { isComplete: false, newest };
    await checkUsers(
      run,
      users.map((user) => ({ user, observedAt: page.observedAt })),
    );
    run.advance(users.length);
    if (!page.isFull || reaches(page, since)) return { isComplete: true, newest };
    before = new Set(page.users.flatMap(({ id }) => (id === null ? [] : [id])));
    offset += PAGE_SIZE - OVERLAP;
  }
  return { isComplete: false, newest };
}

export interface RecentChanges {
  /** False when it was too far, or nobody was there: then not all of them were compared. */
  readonly isComplete: boolean;
  /** When Clerk last changed anybody, as of the first page. */
  readonly newest: Date | null;
}

/** When Clerk last changed anybody, by its own clock; null where there is nobody. */
export async function findNewestChange(api: RunContext['api']): Promise<Date | null> {
  return findNewest(await api.listUsers({ order: '-updated_at', offset: 0, limit: 1 }));
}

function findNewest({ users }: ApiPage): Date | null {
  return users.find(({ user }) => user?.updatedAt !== undefined)?.user?.updatedAt ?? null;
}

function reaches({ users }: ApiPage, since: Date): boolean {
  return users.some(({ user }) => user?.updatedAt !== undefined && user.updatedAt < since);
}
