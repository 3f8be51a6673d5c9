import { type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { RunKind } from '../../drizzle/schema/codes.ts';
import { backfillRuns, reconcileRuns } from '../../drizzle/schema/runs.ts';
import type { Session } from '../db/pool.ts';
import { nameOf, namesOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';
import { makeRunId } from '../walk/run-id.ts';
import type { ActiveReconcile, RecentCheckpoint } from './active-reconcile.ts';

/** How often the schedule walks all users. */
const FULL_EVERY = sql.raw("interval '1 day'");
/** When a walk that failed is tried again. Runs that ask for less continue meanwhile. */
const FULL_AGAIN = sql.raw("interval '60 minutes'");

const r = alias(reconcileRuns, 'r');
const b = alias(backfillRuns, 'b');

/** All times come from the clock of the database, because all processes share it. */
const BEGIN_RECONCILE = defineStatement(
  'begin a reconcile',
  sql`
  insert into ${reconcileRuns} (${namesOf([r.run_id, r.kind, r.state, r.started_at])})
  values ($1, $2, 'running', now())`,
);

/** Only a process that was killed can leave one: the caller holds the lock. */
const ABANDON_RECONCILES = defineStatement(
  'abandon reconciles',
  sql`
  update ${reconcileRuns} as r set
    ${nameOf(r.state)} = 'failed', ${nameOf(r.error)} = 'The process ended before the run did.'
  where ${r.state} = 'running'`,
);

const END_RECONCILE = defineStatement(
  'end a reconcile',
  sql`
  update ${reconcileRuns} as r set
    ${nameOf(r.kind)} = $2, ${nameOf(r.state)} = $3, ${nameOf(r.instance_id)} = $4,
    ${nameOf(r.watermark_at)} = $5::text::timestamptz, ${nameOf(r.users_read)} = $6::text::bigint,
    ${nameOf(r.drift)} = $7::text::jsonb, ${nameOf(r.error)} = $8, ${nameOf(r.checkpoint)} = $9::text::jsonb,
    ${nameOf(r.finished_at)} = case when $3 = 'finished' then now() end
  where ${r.run_id} = $1`,
);

const FIND_WATERMARK = defineStatement(
  'find the watermark',
  sql`
  select ${epochMs(r.watermark_at)} as watermark_at from ${reconcileRuns} as r
  where ${r.state} = 'finished' and ${r.watermark_at} is not null and ${r.instance_id} is not distinct from $1
  order by ${r.started_at} desc limit 1`,
);

/** A failed run does not change where the stopped run before it continues. */
const FIND_CHECKPOINT = defineStatement(
  'find the checkpoint of a reconcile',
  sql`
  select ${r.checkpoint}::text as checkpoint from ${reconcileRuns} as r
  where ${r.state} in ('finished', 'stopped') and ${r.instance_id} is not distinct from $1
  order by ${r.started_at} desc limit 1`,
);

const hasRun = (condition: SQL) => sql`exists (select from ${reconcileRuns} as r where ${condition})`;

/**
 * The next run is due an interval after the start of the last one, whoever ran it and however it ended. While a backfill runs,
 * it has the rate limit to itself.
 */
const FIND_DUE_RECONCILE = defineStatement(
  'find the reconcile that is due',
  sql`
  select case when
      ${hasRun(sql`${r.kind} = 'full' and ${r.state} = 'finished' and ${r.started_at} > now() - ${FULL_EVERY}`)}
      or ${hasRun(sql`${r.kind} = 'full' and ${r.started_at} > now() - ${FULL_AGAIN}`)}
    then 'incremental' else 'full' end as kind
  where not ${hasRun(sql`${r.started_at} > now() - $1::text::float8 * interval '1 millisecond'`)}
    and not exists (
      select from ${backfillRuns} as b
      where ${b.state} = 'running' and ${b.updated_at} > now() - interval '2 minutes')`,
);

/** Records that a run begins, and that those which never ended have failed. The caller holds the lock. */
export async function beginReconcile(session: Session, kind: RunKind): Promise<string> {
  const runId = makeRunId('reconcile', new Date());
  await session.run(ABANDON_RECONCILES);
  await session.run(BEGIN_RECONCILE, [runId, kind]);
  return runId;
}

/**
 * Records how a run ended.
 *
 * @param error why it failed, a sentence.
 */
export async function endReconcile(session: Session, run: ActiveReconcile, error?: string): Promise<void> {
  const { runId, kind, instanceId, watermarkAt, checkpoint, tally } = run;
  if (runId === null) return;
  const ended = checkpoint === undefined ? 'finished' : 'stopped';
  const state = error === undefined ? ended : 'failed';
  const drift = Object.entries(tally.read()).map(([name, { examples: _, fields: __, ...counts }]) => [name, counts]);
  await session.run(END_RECONCILE, [
    ...[runId, kind, state, instanceId],
    state === 'failed' ? null : (watermarkAt?.toISOString() ?? null),
    String(tally.usersRead),
    JSON.stringify(Object.fromEntries(drift)),
    error ?? null,
    state === 'stopped' ? JSON.stringify(checkpoint) : null,
  ]);
}

/** The watermark of the last finished run of this instance, if there is one. */
export async function findWatermark(session: Session, instanceId: string | null): Promise<Date | undefined> {
  const [row] = await session.run<{ watermark_at: string }>(FIND_WATERMARK, [instanceId]);
  return row && readTime(row.watermark_at);
}

/** Where a run with limits continues. Undefined if the latest one of this instance came to its end. */
export async function findCheckpoint(
  session: Session,
  instanceId: string | null,
): Promise<RecentCheckpoint | undefined> {
  const [row] = await session.run<{ checkpoint: string | null }>(FIND_CHECKPOINT, [instanceId]);
  return row?.checkpoint ? JSON.parse(row.checkpoint) : undefined;
}

/** Which run the schedule has to make now. Undefined if none is due. */
export async function findDueRun(session: Session, intervalMs: number): Promise<RunKind | undefined> {
  const [row] = await session.run<{ kind: RunKind }>(FIND_DUE_RECONCILE, [String(intervalMs)]);
  return row?.kind;
}
