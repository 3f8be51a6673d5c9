import type { RunState } from '../../../../drizzle/schema/codes.ts';
import type { CappedCount } from '../../../db/sql/count-capped.ts';
import type { SeenProcess } from '../../../processes/find-processes.ts';
import type { ReconcileRow } from '../../../reconcile/find-reconciles.ts';
import type { UpdateQueue } from '../../../user-updates/read-update-queue.ts';

/** The parts of the overview. Each is read by itself, so a slow one does not hide the others. The texts say what is not known. */
export const overviewParts = {
  last_delivery: 'the last delivery',
  processes: 'the processes',
  dead_letters: 'the dead letters',
  user_updates: 'the update requests',
  runs: 'the runs',
  deliveries: 'the deliveries over time',
  sign_ups: 'the sign-ups',
  users: 'the number of users',
} as const;
/** One of `overviewParts`. */
export type OverviewPart = keyof typeof overviewParts;

/** What decides whether all is well. */
export interface HealthFacts {
  readonly now: Date;
  /** What could not be read. */
  readonly unknown: readonly OverviewPart[];
  /** Null: none ever came. Undefined, here and below: not known. */
  readonly lastDeliveryAt: Date | null | undefined;
  /** Those that were seen in the last minute. */
  readonly processes: readonly Pick<SeenProcess, 'version' | 'stats'>[] | undefined;
  /** Dead letters that nobody has resolved. */
  readonly letters: (CappedCount & { readonly oldestAt: Date | null }) | undefined;
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
  readonly updates: UpdateQueue | undefined;
}
