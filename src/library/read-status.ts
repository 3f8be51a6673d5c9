import { type SQL, sql } from 'drizzle-orm';
import { isOneOf } from '../../drizzle/schema/clerk-schema.ts';
import { unresolvedLetterStates } from '../../drizzle/schema/codes.ts';
import { backfillRuns, deadLetters, reconcileRuns, users, webhookMessages } from '../../drizzle/schema/index.ts';
import { readMigrationState } from '../db/migrations/migrate.ts';
import type { MigrationState } from '../db/migrations/migration-state.ts';
import type { Pool, Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';

/** How a run ended, or that it runs. */
export interface RunStatus {
  readonly state: string;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  /** Why it failed, a sentence. */
  readonly error: string | null;
}

/** What there is here. Null until the tables are there. */
export interface DataStatus {
  readonly users: { readonly living: number; readonly deleted: number };
  /** Those that wait for somebody, by their reason. */
  readonly openDeadLetters: Readonly<Record<string, number>>;
  readonly lastDeliveryAt: Date | null;
  readonly lastBackfill: RunStatus | null;
  readonly lastReconcile: (RunStatus & { readonly kind: string }) | null;
}

/** How things are. */
export interface Status {
  readonly migrations: MigrationState;
  readonly data: DataStatus | null;
}

/** One row of everything, as JSON: its times are numbers, which no setting of the session can change. */
const READ_DATA = defineStatement(
  'read what there is',
  sql`
  select
    (select count(*) from ${users} where ${users.deleted_at} is null)::float8 as living,
    (select count(*) from ${users} where ${users.deleted_at} is not null)::float8 as deleted,
    (select coalesce(json_object_agg(reason, letters), '{}') from (
      select ${deadLetters.reason} as reason, count(*) as letters from ${deadLetters}
      where ${isOneOf(deadLetters.state, unresolvedLetterStates)} group by ${deadLetters.reason}) r) as letters,
    (select ${epochMs(sql`max(${webhookMessages.received_at})`)} from ${webhookMessages}) as delivery`,
);

interface Row {
  readonly living: number;
  readonly deleted: number;
  readonly letters: Record<string, number>;
  readonly delivery: string | null;
}

const selectLatest = (runs: typeof backfillRuns | typeof reconcileRuns, kind: SQL) => sql`
  select ${kind} as kind, ${runs.state} as state, ${epochMs(runs.started_at)} as started,
    ${epochMs(runs.finished_at)} as finished, ${runs.error} as error
  from ${runs} order by ${runs.started_at} desc limit 1`;

const FIND_LATEST_BACKFILL = defineStatement(
  'find how the latest backfill went',
  selectLatest(backfillRuns, sql`'full'`),
);
const FIND_LATEST_RECONCILE = defineStatement(
  'find how the latest reconcile went',
  selectLatest(reconcileRuns, sql`${reconcileRuns.kind}`),
);

interface RunRow {
  readonly state: string;
  readonly started: string;
  readonly finished: string | null;
  readonly error: string | null;
}

/** Reads how things are. It counts all users: a second for a million. */
export function readStatus(pool: Pool): Promise<Status> {
  return pool.withTransaction(async (session) => {
    const migrations = await readMigrationState(session);
    return { migrations, data: migrations.state === 'current' ? await readData(session) : null };
  });
}

async function readData(session: Session): Promise<DataStatus> {
  const [[row], [backfill], [reconcile]] = await Promise.all([
    session.run<Row>(READ_DATA),
    session.run<RunRow>(FIND_LATEST_BACKFILL),
    session.run<RunRow & { kind: string }>(FIND_LATEST_RECONCILE),
  ]);
  const { living, deleted, letters, delivery } = row as Row;
  return {
    users: { living, deleted },
    openDeadLetters: letters,
    lastDeliveryAt: readTime(delivery),
    lastBackfill: backfill === undefined ? null : toRunStatus(backfill),
    lastReconcile: reconcile === undefined ? null : { kind: reconcile.kind, ...toRunStatus(reconcile) },
  };
}

function toRunStatus({ state, started, finished, error }: RunRow): RunStatus {
  return { state, startedAt: readTime(started), finishedAt: readTime(finished), error };
}
