import { makeRunId } from '../backfill/run-id.ts';
import type { Session } from '../db/pool.ts';
import { epochMs, readTime } from '../db/wire-time.ts';
import type { DriftCounts } from './drift-tally.ts';
import type { RecentCheckpoint } from './reconcile-recent.ts';
import type { RunKind } from './run-context.ts';

/** Runs are kept for so long, in days; the newest for ever. */
const KEPT_DAYS = 90;
/** Every so many days the schedule walks all users. */
const FULL_EVERY_DAYS = 1;
/** A walk that fails is tried again after so many minutes; runs that ask for less go on meanwhile. */
const FULL_AGAIN_MINUTES = 60;

/** All times are the database's: its clock is the one that all processes share. */
const BEGIN = `insert into clerk.reconcile_runs (run_id, kind, state, started_at) values ($1, $2, 'running', now())`;

/** Only where a process was killed can one be left: the caller holds the lock. */
const ABANDON = `
  update clerk.reconcile_runs set state = 'failed', error = 'The process ended before the run did.'
  where state = 'running'`;

const END = `
  update clerk.reconcile_runs set
    kind = $2, state = $3, instance_id = $4, watermark_at = $5::text::timestamptz, users_read = $6::text::bigint,
    drift = $7::text::jsonb, error = $8, checkpoint = $9::text::jsonb,
    finished_at = case when $3 = 'finished' then now() end
  where run_id = $1`;

const PRUNE = `
  delete from clerk.reconcile_runs where run_id <> $1 and started_at < now() - interval '${KEPT_DAYS} days'`;

const FIND_WATERMARK = `
  select ${epochMs('watermark_at')} as watermark_at from clerk.reconcile_runs
  where state = 'finished' and watermark_at is not null and instance_id is not distinct from $1
  order by started_at desc limit 1`;

/** A run that failed leaves the place of the stopped one before it. */
const FIND_CHECKPOINT = `
  select checkpoint::text as checkpoint from clerk.reconcile_runs
  where state in ('finished', 'stopped') and instance_id is not distinct from $1 order by started_at desc limit 1`;

/**
 * Whoever ran it last, and however it ended: the next run is due an interval after its begin. While a backfill is at work
 * it has the rate limit to itself.
 */
const FIND_DUE = `
  select case when
      exists (
        select from clerk.reconcile_runs where kind = 'full' and state = 'finished'
          and started_at > now() - interval '${FULL_EVERY_DAYS} day')
      or exists (
        select from clerk.reconcile_runs where kind = 'full'
          and started_at > now() - interval '${FULL_AGAIN_MINUTES} minutes')
    then 'incremental' else 'full' end as kind
  where not exists (
      select from clerk.reconcile_runs where started_at > now() - $1::text::float8 * interval '1 millisecond')
    and not exists (
      select from clerk.backfill_runs where state = 'running' and updated_at > now() - interval '2 minutes')`;

/** Records that a run begins, and that those which never ended have failed. The caller holds the lock. */
export async function beginRun(session: Session, kind: RunKind): Promise<string> {
  const runId = makeRunId('reconcile', new Date());
  await session.run(ABANDON);
  await session.run(BEGIN, [runId, kind]);
  return runId;
}

export interface RunEnd {
  /** An incremental run can become a full one. */
  readonly kind: RunKind;
  readonly state: 'finished' | 'stopped' | 'failed';
  readonly instanceId: string | null;
  /** Up to which `updated_at` of Clerk's all is compared; null where the run has not finished. */
  readonly watermarkAt: Date | null;
  /** Of a stopped run: where the next one continues. */
  readonly checkpoint?: RecentCheckpoint | undefined;
  readonly usersRead: number;
  readonly drift: DriftCounts;
  /** Why it failed, a sentence. */
  readonly error?: string;
}

/** Records how a run ended; after one that finished, those of long ago are removed. */
export async function endRun(session: Session, runId: string, end: RunEnd): Promise<void> {
  const { kind, state, instanceId, watermarkAt, checkpoint, usersRead, error } = end;
  const drift = Object.entries(end.drift).map(([name, { examples: _, fields: __, ...counts }]) => [name, counts]);
  const counts = [String(usersRead), JSON.stringify(Object.fromEntries(drift))];
  await session.run(END, [
    runId,
    kind,
    state,
    instanceId,
    watermarkAt?.toISOString() ?? null,
    ...counts,
    error ?? null,
    checkpoint === undefined ? null : JSON.stringify(checkpoint),
  ]);
  if (state === 'finished') await session.run(PRUNE, [runId]);
}

/** The watermark of the last finished run of this instance; undefined where there is none. */
export async function findWatermark(session: Session, instanceId: string | null): Promise<Date | undefined> {
  const [row] = await session.run<{ watermark_at: string }>(FIND_WATERMARK, [instanceId]);
  return row && readTime(row.watermark_at);
}

/** Where a run with limits continues; undefined where the latest one of this instance came to its end. */
export async function findCheckpoint(
  session: Session,
  instanceId: string | null,
): Promise<RecentCheckpoint | undefined> {
  const [row] = await session.run<{ checkpoint: string | null }>(FIND_CHECKPOINT, [instanceId]);
  return row?.checkpoint ? JSON.parse(row.checkpoint) : undefined;
}

/** Which run the schedule has to make now; undefined where none is due. */
export async function findDueRun(session: Session, intervalMs: number): Promise<RunKind | undefined> {
  const [row] = await session.run<{ kind: RunKind }>(FIND_DUE, [String(intervalMs)]);
  return row?.kind;
}
