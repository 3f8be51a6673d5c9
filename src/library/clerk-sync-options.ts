import type { Outcome } from '../../drizzle/schema/codes.ts';
import type { Log } from '../log/log.ts';
import type { DeletedUsers } from '../sync/statements/write-tombstones.ts';

/** What became of a delivery, told after its commit: ids, types and codes only. */
export interface SettledEvent {
  /** `svix-id`, the same for each attempt at one event. */
  readonly messageId: string;
  /** `stale`: something newer is stored. `duplicate`: it was settled before. `ignored`: no event about a user. */
  readonly outcome: Outcome;
  readonly eventType: string | null;
  readonly userId: string | null;
  /** When Clerk made the event. */
  readonly eventAt: Date;
  /** Of a dead letter: why. */
  readonly reason?: string | undefined;
  /** From the request to the commit. */
  readonly ms: number;
}

/**
 * The options of `createClerkSync`. None is read from the environment.
 *
 * @example
 * ```ts
 * const options: ClerkSyncOptions = {
 *   databaseUrl: process.env.DATABASE_URL,
 *   signingSecret: process.env.CLERK_WEBHOOK_SIGNING_SECRET,
 * };
 * ```
 */
export interface ClerkSyncOptions {
  /** The connection string of the database. Give this or `sql`. */
  readonly databaseUrl?: string | undefined;
  /**
   * Your own client of postgres.js. Its settings are taken (hosts, user, password, TLS, connection parameters), and
   * clerk-sync opens connections of its own with them: the client's pool can lose the connection of a transaction
   * (porsager/postgres #823, #1189, #1204).
   */
  readonly sql?: { readonly options: object } | undefined;
  /** The signing secret of the webhook endpoint, `whsec_…`, or several while it is rotated. */
  readonly signingSecret: string | readonly string[] | undefined;
  /** The secret key of the same Clerk instance: for `ensureUser`, `syncUser`, `backfill` and `reconcile`. */
  readonly secretKey?: string | undefined;
  /** Where Clerk's Backend API is. Default: `https://api.clerk.com`. */
  readonly apiUrl?: string | undefined;
  /** What is kept of a user whom Clerk deletes: the id and the times, or all columns. Default: `erase`. */
  readonly deletedUsers?: DeletedUsers | undefined;
  /** The schema that holds the tables. Default: `clerk`. */
  readonly schema?: string | undefined;
  /** The most connections that are kept for deliveries. Default: 10, with `serverless` 1. */
  readonly poolSize?: number | undefined;
  /** How long `ensureUser` may ask Clerk, in milliseconds: somebody waits for it. Default: 10,000. */
  readonly ensureTimeoutMs?: number | undefined;
  /** Takes ids, types, codes and outcomes. Default: warnings and errors go to the console, a line of JSON each. */
  readonly logger?: Log | undefined;
  /**
   * For platforms that stop the process between two requests: one connection, which is replaced if it was idle for more
   * than 5 s and does not keep the process running. Default: false.
   */
  readonly serverless?: boolean | undefined;
  /** Called after the commit of each delivery, before its answer. What it throws is logged, and changes no answer. */
  readonly onOutcome?: ((event: SettledEvent) => void) | undefined;
}
