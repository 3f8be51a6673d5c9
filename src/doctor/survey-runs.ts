import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { backfillRuns, reconcileRuns } from '../../drizzle/schema/runs.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';
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

const b = alias(backfillRuns, 'b');
const r = alias(reconcileRuns, 'r');

const BACKFILL = defineStatement(
  'survey the latest backfill',
  sql`
  select ${b.state}, ${b.users_read}::float8 as "usersRead", ${epochMs(b.started_at)} as "startedAt",
    ${epochMs(b.updated_at)} as "updatedAt", ${b.error}
  from ${backfillRuns} as b order by ${b.started_at} desc, ${b.run_id} desc limit 1`,
);

const FINISHED = defineStatement(
  'survey finished runs',
  sql`
  select (select ${epochMs(sql`max(${b.finished_at})`)} from ${backfillRuns} as b where ${b.state} = 'finished') as backfill,
    (select ${epochMs(sql`max(${r.finished_at})`)} from ${reconcileRuns} as r
      where ${r.state} = 'finished' and ${r.kind} = 'full') as "full"`,
);

const RECONCILE = defineStatement(
  'survey the latest reconcile',
  sql`
  select ${r.kind}, ${r.state}, ${epochMs(r.started_at)} as "startedAt", ${r.error}, ${r.drift}
  from ${reconcileRuns} as r
  where ($1::text is null or ${r.state} = $1) and ($2::text is null or ${r.kind} = $2)
  order by ${r.started_at} desc, ${r.run_id} desc limit 1`,
);

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
