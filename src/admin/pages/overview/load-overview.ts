import { sql } from 'drizzle-orm';
import { unresolvedLetterStates } from '../../../../drizzle/schema/codes.ts';
import { users } from '../../../../drizzle/schema/users.ts';
import { type BackfillRow, findBackfills } from '../../../backfill/find-backfills.ts';
import type { Session } from '../../../db/pool.ts';
import { type DeadLetterGroup, summarizeDeadLetters } from '../../../dead-letters/summarize-dead-letters.ts';
import { countDeliveries, type DeliveryCounts } from '../../../events/count-deliveries.ts';
import { findLastDeliveryAge } from '../../../processes/find-last-delivery.ts';
import { findProcesses, type SeenProcess } from '../../../processes/find-processes.ts';
import { findReconciles, type ReconcileRow } from '../../../reconcile/find-reconciles.ts';
import { findReplayRuns } from '../../../replay-runs/find-replay-runs.ts';
import { readUpdateQueue } from '../../../user-updates/read-update-queue.ts';
import { countSignUps, type SignUpDay } from '../../../users/count-sign-ups.ts';
import { type CappedCount, countCapped } from '../../count-capped.ts';
import type { HealthFacts } from './health-facts.ts';

/** Over which time deliveries are counted. */
export const deliveryRanges = {
  hour: { spanMs: 60_000, spans: 60 },
  day: { spanMs: 900_000, spans: 96 },
} as const;
/** One of `deliveryRanges`. */
export type DeliveryRange = keyof typeof deliveryRanges;

/** Everything that the overview shows. */
export interface OverviewFacts extends HealthFacts {
  readonly processes: readonly SeenProcess[];
  readonly users: CappedCount;
  readonly signUps: readonly SignUpDay[];
  readonly deliveries: DeliveryCounts;
  readonly causes: readonly DeadLetterGroup[];
  readonly backfill: BackfillRow | undefined;
  readonly lastReconcile: ReconcileRow | undefined;
  readonly finishedReconcile: ReconcileRow | undefined;
}

/** What is not in the database. */
export interface OverviewOptions {
  readonly range: DeliveryRange;
  /** Undefined: the service does not reconcile. */
  readonly reconcileIntervalMs: number | undefined;
  readonly now: Date;
}

const FRESH_MS = 60_000;
const SHOWN_DAYS = 30;
const DAY_MS = 86_400_000;

/** Reads everything that the overview shows. */
export async function loadOverview(session: Session, options: OverviewOptions): Promise<OverviewFacts> {
  const { range, now, reconcileIntervalMs: intervalMs } = options;
  const [deliveryAge, processes, causes, updates] = await Promise.all([
    findLastDeliveryAge(session),
    findProcesses(session, FRESH_MS),
    summarizeDeadLetters(session, { states: unresolvedLetterStates }),
    readUpdateQueue(session),
  ]);
  const [[backfill], [lastReconcile], [finishedReconcile], [finishedFull], [replay]] = await Promise.all([
    findBackfills(session, { limit: 1 }),
    findReconciles(session, { limit: 1 }),
    findReconciles(session, { state: 'finished', limit: 1 }),
    findReconciles(session, { state: 'finished', kind: 'full', limit: 1 }),
    findReplayRuns(session, { limit: 1 }),
  ]);
  const [deliveries, signUps, living] = await Promise.all([
    countDeliveries(session, { ...deliveryRanges[range], now }),
    countSignUps(session, { days: SHOWN_DAYS, now }),
    countCapped(session, sql`select 1 from ${users} where ${users.deleted_at} is null`),
  ]);
  const latest = lastReconcile && {
    state: lastReconcile.state,
    startedAt: lastReconcile.started_at,
    error: lastReconcile.error,
  };
  const isReplayBad = replay?.state === 'failed' && now.getTime() - replay.started_at.getTime() < DAY_MS;
  return {
    ...{
      now,
      processes,
      causes,
      updates,
      backfill,
      lastReconcile,
      finishedReconcile,
      deliveries,
      signUps,
      users: living,
    },
    lastDeliveryAt: deliveryAge === undefined ? null : new Date(now.getTime() - deliveryAge * 1000),
    letters: {
      count: causes.reduce((sum, { count }) => sum + count, 0),
      oldestAt: causes.reduce<Date | null>(
        (oldest, { firstFailedAt }) => (oldest === null || firstFailedAt < oldest ? firstFailedAt : oldest),
        null,
      ),
    },
    failedReplayAt: isReplayBad ? (replay?.started_at ?? null) : null,
    reconcile: { latest, finished: finishedReconcile, intervalMs },
    backfillFailedAt: findBackfillFailure(backfill, finishedFull),
  };
}

/** A full reconcile reads all users, too. */
function findBackfillFailure(backfill: BackfillRow | undefined, full: ReconcileRow | undefined): Date | null {
  if (backfill?.state !== 'failed' || (full !== undefined && full.started_at > backfill.started_at)) return null;
  return backfill.updated_at;
}
