import type { RunKind } from '../../drizzle/schema/codes.ts';
import type { AdvisoryLock } from '../db/advisory-lock.ts';
import type { Session } from '../db/pool.ts';
import type { ApiObservation } from '../sync/batch-entry.ts';
import { DriftTally } from './drift-tally.ts';
import type { ReconcileOptions } from './reconcile-options.ts';

/** Where a run that came to its limits was stopped. Times are ISO texts, by Clerk's clock. */
export interface RecentCheckpoint {
  /** The newest change when the first of these runs began. Later changes are for later runs. */
  readonly newest: string;
  /** All who were changed between this and `newest` are compared. */
  readonly reached: string;
  /** That of the next page, if no user has moved. */
  readonly offset: number;
}

/** One run: its options, and what it has found so far. Its report and its row are made of this, however it ends. */
export interface ActiveReconcile extends Omit<ReconcileOptions, 'dryRun'> {
  readonly dryRun: boolean;
  readonly runId: string | null;
  readonly lock: AdvisoryLock;
  /** An incremental run can become a full one. */
  kind: RunKind;
  /** The instance that the secret key belongs to. Null if the API doesn't tell. */
  instanceId: string | null;
  /** All changes up to this `updated_at` of Clerk are compared. Null until it is known. */
  watermarkAt: Date | null;
  checkpoint: RecentCheckpoint | undefined;
  expectedUsers: number | undefined;
  readonly tally: DriftTally;
  /** What the counts don't say, a sentence each. */
  readonly notes: Set<string>;
}

/** Makes the run that has just begun. */
export function createActiveReconcile(
  options: ReconcileOptions,
  begun: Pick<ActiveReconcile, 'runId' | 'lock' | 'kind'>,
): ActiveReconcile {
  const unknown = { instanceId: null, watermarkAt: null, checkpoint: undefined, expectedUsers: undefined };
  const { dryRun = false } = options;
  return { ...options, dryRun, ...begun, ...unknown, tally: new DriftTally(), notes: new Set() };
}

/** Nobody waits for a run as Svix does for a delivery. */
export const TIMEOUT_MS = 60_000;

/** Does the work in a transaction. */
export function withSession<T>({ settle }: Pick<ActiveReconcile, 'settle'>, work: (session: Session) => Promise<T>) {
  return settle.pool.withTransaction(work, { timeoutMs: TIMEOUT_MS });
}

/** @throws if the run must end, or if its lock was lost. */
export async function assertGoing({ signal, lock }: ActiveReconcile): Promise<void> {
  signal?.throwIfAborted();
  await lock.assertHeld();
}

/** Counts users that were read and compared, and reports the progress. */
export function countRead(run: ActiveReconcile, users: number): void {
  run.tally.usersRead += users;
  run.onProgress?.({ usersRead: run.tally.usersRead, expectedUsers: run.expectedUsers });
}

/** Nothing is written under this id. */
const DRY_RUN_ID = 'reconcile_dry_run';

/** Says by which run something was observed. */
export function observe({ runId, instanceId }: ActiveReconcile, observedAt: Date): ApiObservation {
  return { origin: 'reconcile', runId: runId ?? DRY_RUN_ID, instanceId, observedAt };
}
