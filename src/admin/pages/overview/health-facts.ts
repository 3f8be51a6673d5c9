import type { RunState } from '../../../../drizzle/schema/codes.ts';
import type { SeenProcess } from '../../../processes/find-processes.ts';
import type { ReconcileRow } from '../../../reconcile/find-reconciles.ts';

/** What decides whether all is well. */
export interface HealthFacts {
  readonly now: Date;
  /** Null: none ever came. */
  readonly lastDeliveryAt: Date | null;
  /** Those that were seen in the last minute. */
  readonly processes: readonly Pick<SeenProcess, 'version' | 'stats'>[];
  /** Dead letters that nobody has resolved. */
  readonly letters: { readonly count: number; readonly oldestAt: Date | null };
  /** When the latest replay run began, if it failed in the last day. */
  readonly failedReplayAt: Date | null;
  readonly reconcile: {
    /** The latest run that has ended, or that is running. */
    readonly latest: { readonly state: RunState; readonly startedAt: Date; readonly error: string | null } | undefined;
    /** The latest that finished. */
    readonly finished: Pick<ReconcileRow, 'drift'> | undefined;
    /** How often the service reconciles. Undefined: never. */
    readonly intervalMs: number | undefined;
  };
  /** When the latest backfill failed, unless all users were read since. */
  readonly backfillFailedAt: Date | null;
  readonly updates: {
    /** In the last day. */
    readonly rejected: number;
    /** When the oldest that waits was inserted. Null: none waits. */
    readonly waitingSince: Date | null;
  };
}
