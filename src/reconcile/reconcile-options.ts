import type { RunKind } from '../../drizzle/schema/codes.ts';
import type { ClerkApi } from '../clerk/api/clerk-api.ts';
import type { Session } from '../db/pool.ts';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import type { SettleOptions } from '../sync/settle-batch.ts';

/** What a reconcile needs, and what may be chosen. */
export interface ReconcileOptions {
  readonly api: Pick<ClerkApi, 'listUsers' | 'getUser' | 'getInstance' | 'countUsers'>;
  readonly settle: SettleOptions;
  /** Where the lock is taken, on a connection of its own: the pool's database. */
  readonly target: DatabaseTarget;
  /** Says under the lock what to do. Undefined: nothing. */
  readonly chooseKind: (session: Session) => Promise<RunKind | undefined>;
  readonly dryRun?: boolean | undefined;
  /** Up to this many tombstones. Undefined: 50, or a tenth of the living users here if that is more. */
  readonly maxDeletions?: number | undefined;
  /** Ends an incremental run early. A later one with limits continues it. Undefined: it ends when all is compared. */
  readonly limits?: ReconcileLimits | undefined;
  /** Ends the run. The API has it too, so that nobody waits for an answer. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ReconcileProgress) => void) | undefined;
}

/** How much one incremental run may do. Each does at least one page. */
export interface ReconcileLimits {
  readonly maxPages?: number | undefined;
  /** From the start of the run. No page begins that would probably end later. */
  readonly deadlineMs?: number | undefined;
  /** Users on a page. Default: 500, the most that Clerk serves. */
  readonly pageSize?: number | undefined;
}

/** How far a run has come. */
export interface ReconcileProgress {
  readonly usersRead: number;
  /** What Clerk counts, in a full run. How many have changed since the last one is not known before. */
  readonly expectedUsers: number | undefined;
}
