import type { Pool } from '../db/pool.ts';
import { type CancelledUpdate, cancelUpdate } from '../user-updates/cancel-update.ts';
import { explainUpdate, type UpdateExplanation } from '../user-updates/explain-update.ts';
import { findUpdates, getUpdate } from '../user-updates/find-updates.ts';
import { type RetriedUpdate, retryUpdate } from '../user-updates/retry-update.ts';
import type { UpdateAction, UpdateState, UserUpdate } from '../user-updates/user-update.ts';
import type { SendCallOptions, SendOutcome } from './update-runs.ts';

/** Which requests: each part that is given must hold. */
export interface UserUpdateQuery {
  /** Default: those that are not settled yet, `pending` and `sending`. */
  readonly states?: readonly UpdateState[];
  readonly userIds?: readonly string[];
  readonly actions?: readonly UpdateAction[];
  /** Codes of Clerk's errors. */
  readonly reasons?: readonly string[];
  /** Default: 100. */
  readonly limit?: number;
}

/** A request with why it is as it is, and what to do. */
export type ShownUserUpdate = UserUpdate & UpdateExplanation;

/** What can be done with requests to change users at Clerk. `requestUserUpdate` makes them. */
export interface UserUpdates {
  /**
   * Lists requests, the oldest first. Secrets are never shown.
   *
   * @example
   * ```ts
   * for (const { id, error } of await clerkSync.userUpdates.list({ states: ['rejected'] })) console.log(id, error);
   * ```
   */
  readonly list: (query?: UserUpdateQuery) => Promise<UserUpdate[]>;
  /**
   * Shows one request, why it is as it is, and what to do.
   *
   * @example
   * ```ts
   * const { state, why, whatToDo } = await clerkSync.userUpdates.show(id);
   * ```
   */
  readonly show: (id: number) => Promise<ShownUserUpdate>;
  /**
   * Asks for the same again after a request was rejected: as a new request, at the end of the user's queue.
   *
   * @example
   * ```ts
   * const { outcome, newId } = await clerkSync.userUpdates.retry(id);
   * ```
   */
  readonly retry: (id: number) => Promise<RetriedUpdate>;
  /**
   * Cancels a request that waits.
   *
   * @example
   * ```ts
   * const { outcome } = await clerkSync.userUpdates.cancel(id);
   * ```
   */
  readonly cancel: (id: number) => Promise<CancelledUpdate>;
  /**
   * Sends what is due to Clerk, and ends: for cron, and for platforms that keep no process running. Any number of
   * processes may do it at once, and beside the service. Needs `secretKey`.
   *
   * @example
   * ```ts
   * const { succeeded, rejected, waiting } = await clerkSync.userUpdates.send({ deadlineMs: 50_000 });
   * ```
   */
  readonly send: (options?: SendCallOptions) => Promise<SendOutcome>;
}

/** Makes the part of the library that works on requests. */
export function createUserUpdates(pool: Pool): Omit<UserUpdates, 'send'> {
  return {
    list: (query = {}) =>
      pool.withTransaction((session) => findUpdates(session, { states: ['pending', 'sending'], limit: 100, ...query })),
    show: async (id) => {
      const update = await pool.withTransaction((session) => getUpdate(session, id));
      const { why, whatToDo } = explainUpdate(update);
      return { ...update, why, whatToDo: whatToDo.replaceAll('<id>', String(id)) };
    },
    retry: (id) => pool.withTransaction((session) => retryUpdate(session, id)),
    cancel: (id) => pool.withTransaction((session) => cancelUpdate(session, id)),
  };
}
