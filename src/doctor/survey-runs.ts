import { epochMs, readTime } from '../db/wire-time.ts';
import type { Reader } from './reader.ts';

/** The latest backfill, whatever became of it. */
export interface LatestBackfill {
  readonly state: 'running' | 'finished' | 'stopped' | 'failed';
  readonly usersRead: number;
  readonly startedAt: Date;
  /** When its last page was committed, or its end. */
  readonly updatedAt: Date;
  readonly error: string | null;
}

/** A reconcile. */
export interface ReconcileRun {
  readonly kind: 'incremental' | 'full';
  readonly state: 'running' | 'finished' | 'stopped' | 'failed';
  readonly startedAt: Date;
  readonly error: string | null;
  readonly drift: Readonly<
    Record<string, { readonly found: number; readonly left: number; readonly withheld?: number }>
  >;
}

/** What the tables of runs say; undefined where there was no such run. */
export interface RunFacts {
  readonly backfill: LatestBackfill | undefined;
  readonly backfillFinishedAt: Date | undefined;
  readonly reconcile: ReconcileRun | undefined;
  readonly finishedReconcile: ReconcileRun | undefined;
  readonly finishedFull: ReconcileRun | undefined;
  readonly fullFinishedAt: Date | undefined;
}

const BACKFILL = `
  select state, users_read::float8 as "usersRead", ${epochMs('started_at')} as "startedAt",
    ${epochMs('updated_at')} as "updatedAt", error
  from clerk.backfill_runs order by started_at desc, run_id desc limit 1`;

const FINISHED = `
  select (select ${epochMs('max(finished_at)')} from clerk.backfill_runs where state = 'finished') as backfill,
    (select ${epochMs('max(finished_at)')} from clerk.reconcile_runs
      where state = 'finished' and kind = 'full') as "full"`;

const RECONCILE = `
  select kind, state, ${epochMs('started_at')} as "startedAt", error, drift from clerk.reconcile_runs
  where ($1::text is null or state = $1) and ($2::text is null or kind = $2) order by started_at desc, run_id desc limit 1`;

/** A row as it is read: its times are text. */
type Read<Facts> = { readonly [Name in keyof Facts]: Facts[Name] extends Date ? string : Facts[Name] };

/** Reads what backfills and reconciles have recorded of themselves. */
export function surveyRuns(reader: Reader): Promise<RunFacts> {
  return reader.read(async (session) => {
    const [[backfill], [finished], [reconcile], [finishedReconcile], [finishedFull]] = await Promise.all([
      session.run<Read<LatestBackfill>>(BACKFILL),
      session.run<{ backfill: string | null; full: string | null }>(FINISHED),
      session.run<Read<ReconcileRun>>(RECONCILE, [null, null]),
      session.run<Read<ReconcileRun>>(RECONCILE, ['finished', null]),
      session.run<Read<ReconcileRun>>(RECONCILE, ['finished', 'full']),
    ]);
    return {
      backfill: backfill && {
        ...backfill,
        startedAt: readTime(backfill.startedAt),
        updatedAt: readTime(backfill.updatedAt),
      },
      backfillFinishedAt: readTime(finished?.backfill ?? null) ?? undefined,
      reconcile: toReconcileRun(reconcile),
      finishedReconcile: toReconcileRun(finishedReconcile),
      finishedFull: toReconcileRun(finishedFull),
      fullFinishedAt: readTime(finished?.full ?? null) ?? undefined,
    };
  });
}

function toReconcileRun(row: Read<ReconcileRun> | undefined): ReconcileRun | undefined {
  return row && { ...row, startedAt: readTime(row.startedAt) };
}
