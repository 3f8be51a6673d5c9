import { type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { backfillRuns, reconcileRuns } from '../../drizzle/schema/runs.ts';
import { nameOf, namesOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs } from '../db/sql/wire-time.ts';

/** Runs are kept for so long, in days; the newest for ever. */
const KEPT = sql.raw("interval '90 days'");
/** Every so often the schedule walks all users. */
const FULL_EVERY = sql.raw("interval '1 day'");
/** A walk that fails is tried again after so long; runs that ask for less go on meanwhile. */
const FULL_AGAIN = sql.raw("interval '60 minutes'");

const r = alias(reconcileRuns, 'r');
const b = alias(backfillRuns, 'b');

/** Records that a run begins. All times are the database's: its clock is the one that all processes share. */
export const BEGIN_RECONCILE = defineStatement(
  'begin a reconcile',
  sql`
  insert into ${reconcileRuns} (${namesOf([r.run_id, r.kind, r.state, r.started_at])})
  values ($1, $2, 'running', now())`,
);

/** Only where a process was killed can one be left: the caller holds the lock. */
export const ABANDON_RECONCILES = defineStatement(
  'abandon reconciles',
  sql`
  update ${reconcileRuns} as r set
    ${nameOf(r.state)} = 'failed', ${nameOf(r.error)} = 'The process ended before the run did.'
  where ${r.state} = 'running'`,
);

/** Records how a run ended. */
export const END_RECONCILE = defineStatement(
  'end a reconcile',
  sql`
  update ${reconcileRuns} as r set
    ${nameOf(r.kind)} = $2, ${nameOf(r.state)} = $3, ${nameOf(r.instance_id)} = $4,
    ${nameOf(r.watermark_at)} = $5::text::timestamptz, ${nameOf(r.users_read)} = $6::text::bigint,
    ${nameOf(r.drift)} = $7::text::jsonb, ${nameOf(r.error)} = $8, ${nameOf(r.checkpoint)} = $9::text::jsonb,
    ${nameOf(r.finished_at)} = case when $3 = 'finished' then now() end
  where ${r.run_id} = $1`,
);

/** Removes the runs of long ago. */
export const PRUNE_RECONCILES = defineStatement(
  'prune reconciles',
  sql`
  delete from ${reconcileRuns} as r where ${r.run_id} <> $1 and ${r.started_at} < now() - ${KEPT}`,
);

/** Reads up to where the last finished run of an instance has compared all. */
export const FIND_WATERMARK = defineStatement(
  'find the watermark',
  sql`
  select ${epochMs(r.watermark_at)} as watermark_at from ${reconcileRuns} as r
  where ${r.state} = 'finished' and ${r.watermark_at} is not null and ${r.instance_id} is not distinct from $1
  order by ${r.started_at} desc limit 1`,
);

/** Reads where a run with limits continues. A run that failed leaves the place of the stopped one before it. */
export const FIND_CHECKPOINT = defineStatement(
  'find the checkpoint of a reconcile',
  sql`
  select ${r.checkpoint}::text as checkpoint from ${reconcileRuns} as r
  where ${r.state} in ('finished', 'stopped') and ${r.instance_id} is not distinct from $1
  order by ${r.started_at} desc limit 1`,
);

const hasRun = (condition: SQL) => sql`exists (select from ${reconcileRuns} as r where ${condition})`;

/**
 * Whoever ran it last, and however it ended: the next run is due an interval after its begin. While a backfill is at work
 * it has the rate limit to itself.
 */
export const FIND_DUE_RECONCILE = defineStatement(
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
