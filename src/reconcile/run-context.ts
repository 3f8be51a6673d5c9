import type { ClerkApi } from '../clerk/api/clerk-api.ts';
import type { ApiObservation } from '../sync/entries/make-api-entry.ts';
import type { SettleOptions } from '../sync/settle-batch.ts';
import type { DriftTally } from './drift-tally.ts';
import type { ReconcileLimits } from './reconcile-options.ts';

/** Which users a run asks for: those whom Clerk has changed since the last run, or all. */
export type RunKind = 'incremental' | 'full';

/** What the parts of one run share. */
export interface RunContext {
  readonly api: Pick<ClerkApi, 'listUsers' | 'getUser' | 'countUsers'>;
  readonly settle: SettleOptions;
  readonly runId: string;
  /** The instance that the secret key belongs to; null where the API doesn't tell. */
  readonly instanceId: string | null;
  /** Finds, and writes nothing. */
  readonly dryRun: boolean;
  /** As in `ReconcileOptions`. */
  readonly limits: ReconcileLimits | undefined;
  readonly maxDeletions: number | undefined;
  readonly tally: DriftTally;
  /** Says something that the counts don't, in a sentence. */
  readonly note: (sentence: string) => void;
  /** Throws once the run shall end, and when its lock was lost. */
  readonly assertGoing: () => Promise<void>;
  /** So many more users were read and compared. */
  readonly advance: (users: number) => void;
}

/** Nobody waits for a run as Svix does for a delivery. */
export const TIMEOUT_MS = 60_000;

export function makeObservation({ runId, instanceId }: RunContext, observedAt: Date): ApiObservation {
  return { origin: 'reconcile', runId, instanceId, observedAt };
}
