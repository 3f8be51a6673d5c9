import { sql } from 'drizzle-orm';
import { unresolvedLetterStates } from '../../../../drizzle/schema/codes.ts';
import { users } from '../../../../drizzle/schema/users.ts';
import { type BackfillRow, findBackfills } from '../../../backfill/find-backfills.ts';
import type { Session } from '../../../db/pool.ts';
import { type CappedCount, countCapped } from '../../../db/sql/count-capped.ts';
import { type DeadLetterGroup, summarizeDeadLetters } from '../../../dead-letters/summarize-dead-letters.ts';
import { countDeliveries, type DeliveryCounts } from '../../../events/count-deliveries.ts';
import { findLastDeliveryAge } from '../../../processes/find-last-delivery.ts';
import { findProcesses, type SeenProcess } from '../../../processes/find-processes.ts';
import { findReconciles, type ReconcileRow } from '../../../reconcile/find-reconciles.ts';
import { findReplayRuns } from '../../../replay-runs/find-replay-runs.ts';
import { readUpdateQueue } from '../../../user-updates/read-update-queue.ts';
import { countSignUps, type SignUpDay } from '../../../users/count-sign-ups.ts';
import type { HealthFacts, OverviewPart } from './health-facts.ts';

/** Over which time deliveries are counted. */
export const deliveryRanges = {
  hour: { spanMs: 60_000, spans: 60 },
  day: { spanMs: 900_000, spans: 96 },
} as const;
/** One of `deliveryRanges`. */
export type DeliveryRange = keyof typeof deliveryRanges;

/** Everything that the overview shows. Undefined: not known. */
export interface OverviewFacts extends HealthFacts {
  readonly processes: readonly SeenProcess[] | undefined;
  readonly users: CappedCount | undefined;
  readonly signUps: readonly SignUpDay[] | undefined;
  readonly deliveries: DeliveryCounts | undefined;
  readonly causes: readonly DeadLetterGroup[] | undefined;
  readonly runs:
    | { readonly backfill: BackfillRow | undefined; readonly lastReconcile: ReconcileRow | undefined }
    | undefined;
}

/** How to read, and what is not in the database. */
export interface OverviewOptions {
  /** Runs queries in one transaction. */
  readonly read: <T>(work: (session: Session) => Promise<T>) => Promise<T>;
  /** Told why a part is not known. */
  readonly onUnknown: (part: OverviewPart, error: unknown) => void;
  readonly range: DeliveryRange;
  /** Undefined: the service does not reconcile. */
  readonly reconcileIntervalMs: number | undefined;
  readonly now: Date;
}

const FRESH_MS = 60_000;
const SHOWN_DAYS = 30;
const DAY_MS = 86_400_000;

/**
 * Reads everything that the overview shows, each part in a transaction of its own.
 *
 * @throws if no part could be read.
 */
export async function loadOverview(options: OverviewOptions): Promise<OverviewFacts> {
  const { range, now, reconcileIntervalMs: intervalMs } = options;
  const { values, unknown } = await readParts(options, {
    last_delivery: async (session) => ({ ageSeconds: await findLastDeliveryAge(session) }),
    processes: (session) => findProcesses(session, FRESH_MS),
    user_updates: readUpdateQueue,
    runs: readRuns,
    dead_letters: (session) => summarizeDeadLetters(session, { states: unresolvedLetterStates }),
    deliveries: (session) => countDeliveries(session, { ...deliveryRanges[range], now }),
    sign_ups: (session) => countSignUps(session, { days: SHOWN_DAYS, now }),
    users: (session) => countCapped(session, sql`select 1 from ${users} where ${users.deleted_at} is null`),
  });
  const { runs, last_delivery: last, dead_letters: causes } = values;
  const latest = runs?.lastReconcile && {
    state: runs.lastReconcile.state,
    startedAt: runs.lastReconcile.started_at,
    error: runs.lastReconcile.error,
  };
  const replay = runs?.replay;
  const isReplayBad = replay?.state === 'failed' && now.getTime() - replay.started_at.getTime() < DAY_MS;
  return {
    ...{ now, unknown, causes, runs, processes: values.processes, updates: values.user_updates },
    ...{ deliveries: values.deliveries, signUps: values.sign_ups, users: values.users },
    lastDeliveryAt: last && (last.ageSeconds === undefined ? null : new Date(now.getTime() - last.ageSeconds * 1000)),
    letters: causes && countLetters(causes),
    failedReplayAt: isReplayBad ? replay.started_at : null,
    reconcile: { latest, finished: runs?.finishedReconcile, intervalMs },
    backfillFailedAt: findBackfillFailure(runs?.backfill, runs?.finishedFull),
  };
}

type Reader = (session: Session) => Promise<unknown>;

async function readParts<Parts extends Record<OverviewPart, Reader>>(
  { read, onUnknown }: OverviewOptions,
  readers: Parts,
) {
  const names = Object.keys(readers) as OverviewPart[];
  const results = await Promise.allSettled(names.map((name) => read(readers[name])));
  const failures = results.flatMap((result, place) =>
    result.status === 'rejected' ? [{ name: names[place] as OverviewPart, error: result.reason as unknown }] : [],
  );
  if (failures.length === names.length) throw failures[0]?.error;
  for (const { name, error } of failures) onUnknown(name, error);
  const known = results.flatMap((result, place) =>
    result.status === 'fulfilled' ? [[names[place], result.value]] : [],
  );
  const values = Object.fromEntries(known) as {
    [Part in OverviewPart]?: Awaited<ReturnType<Parts[Part]>>;
  };
  return { values, unknown: failures.map(({ name }) => name) };
}

async function readRuns(session: Session) {
  const [[backfill], [lastReconcile], [finishedReconcile], [finishedFull], [replay]] = await Promise.all([
    findBackfills(session, { limit: 1 }),
    findReconciles(session, { limit: 1 }),
    findReconciles(session, { state: 'finished', limit: 1 }),
    findReconciles(session, { state: 'finished', kind: 'full', limit: 1 }),
    findReplayRuns(session, { limit: 1 }),
  ]);
  return { backfill, lastReconcile, finishedReconcile, finishedFull, replay };
}

function countLetters(causes: readonly DeadLetterGroup[]): NonNullable<HealthFacts['letters']> {
  const times = causes.map(({ firstFailedAt }) => firstFailedAt.getTime());
  return {
    count: causes.reduce((sum, { count }) => sum + count, 0),
    capped: causes.some(({ capped }) => capped),
    oldestAt: times.length === 0 ? null : new Date(Math.min(...times)),
  };
}

/** A full reconcile reads all users, too. */
function findBackfillFailure(backfill: BackfillRow | undefined, full: ReconcileRow | undefined): Date | null {
  if (backfill?.state !== 'failed' || (full !== undefined && full.started_at > backfill.started_at)) return null;
  return backfill.updated_at;
}
