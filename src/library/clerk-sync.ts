import type { EnsureOutcome } from '../backfill/ensure-user.ts';
import type { SyncedUser } from '../backfill/sync-user.ts';
import type { EraseOptions, ErasureRecord } from '../erasure/erase-user.ts';
import type { BackfillCallOptions, BackfillResult, ReconcileCallOptions, ReconcileOutcome } from './api-runs.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { Status } from './read-status.ts';
import type { UserUpdates } from './user-updates.ts';

/**
 * Clerk's users in your Postgres. Make one in an application, with `createClerkSync`.
 *
 * Methods reject with an error whose `name` tells what it is: `DatabaseUnavailableError`, `ClerkApiError`, or
 * `OperatorError`. The message says what to do, and quotes no secret and no row.
 */
export interface ClerkSync extends AsyncDisposable {
  /**
   * Answers a request of Clerk's, at any path. It answers 200 only after the commit that holds what the event changed, or
   * that it changed nothing. It can be passed on without its object.
   *
   * @example
   * ```ts
   * export const POST = clerkSync.fetch;
   * ```
   */
  readonly fetch: (request: Request) => Promise<Response>;
  /**
   * Brings the tables up to date. Any number of processes may do it at once.
   *
   * @example
   * ```ts
   * const { applied } = await clerkSync.migrate();
   * ```
   */
  readonly migrate: () => Promise<{ applied: string[] }>;
  /**
   * For the first request of a user whose webhook has not come yet: resolves once the row is committed, if there is one.
   * An id that Clerk does not know leaves nothing behind. Needs `secretKey`.
   *
   * @example
   * ```ts
   * if ((await clerkSync.ensureUser(userId)) === 'not_found') throw new Error('There is no such user.');
   * ```
   */
  readonly ensureUser: (id: string) => Promise<EnsureOutcome>;
  /**
   * Makes one user the same here as at Clerk, whatever is here. Needs `secretKey`.
   *
   * @example
   * ```ts
   * const { outcome, error } = await clerkSync.syncUser(userId);
   * ```
   */
  readonly syncUser: (id: string) => Promise<SyncedUser>;
  /**
   * Reads all users from Clerk and applies each. A run that ends early is continued by the next call. Needs `secretKey`.
   *
   * @example
   * ```ts
   * const { end, usersRead } = await clerkSync.backfill();
   * ```
   */
  readonly backfill: (options?: BackfillCallOptions) => Promise<BackfillResult>;
  /**
   * Compares the users here with Clerk's, and repairs what differs. Needs `secretKey`.
   *
   * @example
   * ```ts
   * await clerkSync.reconcile({ maxPages: 20, deadlineMs: 50_000 });
   * ```
   */
  readonly reconcile: (options?: ReconcileCallOptions) => Promise<ReconcileOutcome>;
  /**
   * Erases everything that is stored about a user except the id, whether Clerk has deleted them or not. Keep the record
   * that it resolves with.
   *
   * @example
   * ```ts
   * const record = await clerkSync.eraseUser(userId, { by: 'privacy desk' });
   * ```
   */
  readonly eraseUser: (id: string, options?: EraseOptions) => Promise<ErasureRecord>;
  /** The deliveries that could not be applied. */
  readonly deadLetters: DeadLetters;
  /** The requests to change users at Clerk. */
  readonly userUpdates: UserUpdates;
  /**
   * Says how things are: migrations, users, dead letters, the last delivery and the last runs.
   *
   * @example
   * ```ts
   * const { migrations, deadLetters } = await clerkSync.status();
   * ```
   */
  readonly status: () => Promise<Status>;
  /** Settles what was accepted, ends runs that are under way, and closes the connections. Requests get a 503 from then on. */
  readonly close: () => Promise<void>;
}
