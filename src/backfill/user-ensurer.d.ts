/**
 * What `clerk-sync/ensure-user` offers to an application. Declared apart from the code, whose types only a project with
 * this one's compiler options could read.
 */

/**
 * Whether a user is here. `present` and `deleted`: the row, alive or a tombstone, was here already, and Clerk was not
 * asked. `applied`: it was not, and is now. `stale`: somebody else, a webhook mostly, was quicker. `not_found`: Clerk
 * does not have the user either. `dead_letter`: what Clerk says can't be written, and was kept.
 */
export type EnsureOutcome = 'present' | 'deleted' | 'applied' | 'stale' | 'not_found' | 'dead_letter';

/** Sees to it that users are here. */
export interface UserEnsurer {
  /**
   * For the first request of a user whose webhook has not come yet: resolves once the row is committed, where there is
   * one to have. Asked for the same user several times at once, it asks Clerk once. An id that Clerk does not know leaves
   * nothing behind.
   *
   * @throws when it can't be found out now. By `error.name`: `ClerkApiError`; `DatabaseUnavailableError`; `OperatorError`
   * where the users here are of another instance than the key. The message says what to do.
   */
  ensureUser(id: string): Promise<EnsureOutcome>;
  /** Ends requests that are under way, which reject, and closes the connections. */
  close(): Promise<void>;
}

export interface EnsureUserOptions {
  /** The database that clerk-sync writes to, migrated. */
  readonly databaseUrl: string;
  /** Of the instance whose webhooks arrive there. */
  readonly secretKey: string;
  /** In front of `/v1`. Default: Clerk's own. */
  readonly apiUrl?: string;
  /** For Clerk, attempts and pauses together: somebody waits for the answer. Default 10,000. */
  readonly timeoutMs?: number;
}

/**
 * Makes an `ensureUser`, with two connections and a client of its own: once in an application.
 *
 * @throws `ClerkApiError` for a secret key that is none.
 */
export declare function createEnsureUser(options: EnsureUserOptions): UserEnsurer;
