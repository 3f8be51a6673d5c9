import type { ApiPage, ApiUser, ClerkApi } from '../clerk/api/clerk-api.ts';
import { ClerkApiError } from '../clerk/api/clerk-api-error.ts';
import { isAskable } from '../clerk/api/is-askable.ts';
import { OperatorError } from '../errors.ts';

/** How far a walk has come: the last user it was given. */
export interface WalkPosition {
  readonly userId: string;
  /** When that user was created. If Clerk doesn't say it, the time of an earlier user. Null if there is none yet. */
  readonly createdAt: Date | null;
}

/** Where a walk begins, and how far it goes. */
export interface WalkOptions {
  /** Continues behind this user. Default: from the oldest one. */
  readonly from?: WalkPosition | undefined;
  readonly maxUsers?: number | undefined;
  /** Default 500, the most that Clerk serves: asked for more, it silently gives 10. */
  readonly pageSize?: number | undefined;
}

/** What a walk asks Clerk. */
export type WalkApi = Pick<ClerkApi, 'listUsers' | 'getUser'>;

/** Some users, in the order of creation. */
export interface WalkedPage {
  readonly users: readonly ApiUser[];
  readonly observedAt: Date;
  /** Where a later walk continues. Undefined if there is not one user. */
  readonly position: WalkPosition | undefined;
  /** No user comes after this page. False at the end of a walk that `maxUsers` ended. */
  readonly isLast: boolean;
}

const PAGE_SIZE = 500;

/**
 * Walks all users from the oldest to the newest. While the caller works on a page the next one is fetched, and no more than
 * that: memory does not grow with the number of users. It uses cursors. Offsets skip users if others are deleted meanwhile,
 * get slower and slower, and time out.
 *
 * Users who are deleted during the walk may or may not be in it. Users who are created during it come at its end. No other
 * is left out. A user may come twice.
 *
 * @throws {ClerkApiError} what the API threw. `OperatorError` if it serves pages that lead nowhere.
 */
export async function* walkUsers(api: WalkApi, options: WalkOptions = {}) {
  const { pageSize = PAGE_SIZE, maxUsers = Number.POSITIVE_INFINITY } = options;
  let remaining = maxUsers;
  let place: Place = { position: options.from, cursors: [options.from?.userId ?? ''].filter(isAskable) };
  let next: Promise<ApiPage> | undefined = fetchPage(api, place, Math.min(pageSize, remaining));
  while (next !== undefined) {
    const { users, observedAt, isFull }: ApiPage = await next;
    place = advance(place, users, isFull);
    remaining -= users.length;
    next = isFull && remaining > 0 ? fetchPage(api, place, Math.min(pageSize, remaining)) : undefined;
    // A caller that leaves the walk early never waits for it.
    next?.catch(() => undefined);
    yield { users, observedAt, position: place.position, isLast: !isFull } satisfies WalkedPage;
  }
}

interface Place {
  readonly position: WalkPosition | undefined;
  /** The ids to continue behind, the best one first. */
  readonly cursors: readonly string[];
}

/** The most users in a row that may be deleted between two pages before the walk has to step back by time. */
const MAX_CURSORS = 5;

function advance({ position }: Place, users: readonly ApiUser[], isFull: boolean): Place {
  const ids = users.flatMap(({ id }) => (id === null ? [] : [id]));
  const userId = ids.at(-1) ?? position?.userId;
  if (isFull && userId === position?.userId) throw stuckError(userId);
  if (userId === undefined) return { position, cursors: [] };
  const createdAt = findLastCreation(users) ?? position?.createdAt ?? null;
  return { position: { userId, createdAt }, cursors: ids.filter(isAskable).slice(-MAX_CURSORS).reverse() };
}

function findLastCreation(users: readonly ApiUser[]): Date | undefined {
  const dated = users.findLast(({ user }) => user?.values.created_at instanceof Date);
  return dated?.user?.values.created_at as Date | undefined;
}

/**
 * If the user to continue behind is gone, the other users of the page serve as well: between them are only users who were
 * seen. If all of them are gone, or after a restart, the walk steps back to the time when the last one was created. It sees
 * the users of that moment again.
 */
async function fetchPage(api: WalkApi, { position, cursors }: Place, limit: number): Promise<ApiPage> {
  for (const startingAfter of cursors) {
    const page = await fetchBehind(api, startingAfter, limit);
    if (page !== undefined) return page;
  }
  const createdAt = position?.createdAt;
  if (createdAt === undefined || createdAt === null) return api.listUsers({ order: 'created_at', limit });
  return api.listUsers({ order: 'created_at', createdAfter: new Date(createdAt.getTime() - 1), limit });
}

/**
 * Clerk does not say what it answers behind a user who is gone. It may be a refusal, an empty page as at the end, or a page
 * from elsewhere. So a page counts only if the user is still there after it.
 *
 * @returns undefined if the user is gone.
 */
async function fetchBehind(api: WalkApi, startingAfter: string, limit: number): Promise<ApiPage | undefined> {
  try {
    const page = await api.listUsers({ order: 'created_at', startingAfter, limit });
    return (await api.getUser(startingAfter)) === undefined ? undefined : page;
  } catch (error) {
    if (error instanceof ClerkApiError && error.code === 'cursor_unknown') return undefined;
    throw error;
  }
}

/** Without this, the walk would never end if a proxy ignored the cursor. */
function stuckError(userId: string | undefined): OperatorError {
  const where = userId === undefined ? 'no user with an id' : `the same page again, which ends with ${userId}`;
  return new OperatorError('walk_stuck', `The Backend API serves ${where}: the walk can't go on.`, {
    hint: 'Look whether something stands between here and Clerk that changes requests (CLERK_API_URL), then run this again.',
  });
}
