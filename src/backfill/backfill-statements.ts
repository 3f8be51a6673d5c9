import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { backfillRuns } from '../../drizzle/schema/runs.ts';
import { listSql, nameOf, namesOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs } from '../db/sql/wire-time.ts';

const b = alias(backfillRuns, 'b');

const COLUMNS = sql`${listSql([b.run_id, b.state, b.instance_id, b.checkpoint_user_id])},
    ${epochMs(b.checkpoint_created_at)} as checkpoint_created_at,
    ${listSql([b.pages, b.users_read, b.applied, b.stale, b.dead_letters, b.expected_users])},
    ${epochMs(b.started_at)} as started_at`;

/** Reads the run that began last. */
export const FIND_LATEST_BACKFILL = defineStatement(
  'find the latest backfill',
  sql`
  select ${COLUMNS}
  from ${backfillRuns} as b order by ${b.started_at} desc, ${b.run_id} desc limit 1`,
);

/** Opens a run again that has not finished. */
export const RESUME_BACKFILL = defineStatement(
  'resume a backfill',
  sql`
  update ${backfillRuns} as b set
    ${nameOf(b.state)} = 'running', ${nameOf(b.error)} = null,
    ${nameOf(b.instance_id)} = coalesce($2, ${b.instance_id}), ${nameOf(b.expected_users)} = $3::text::bigint,
    ${nameOf(b.max_users)} = $4::text::bigint, ${nameOf(b.updated_at)} = $5::text::timestamptz
  where ${b.run_id} = $1
  returning ${COLUMNS}`,
);

/** Only a process that was killed can leave one: the caller holds the lock. */
export const ABANDON_BACKFILLS = defineStatement(
  'abandon backfills',
  sql`
  update ${backfillRuns} as b set
    ${nameOf(b.state)} = 'stopped', ${nameOf(b.error)} = 'A later run began anew.',
    ${nameOf(b.updated_at)} = $1::text::timestamptz
  where ${b.state} = 'running'`,
);

/** Records that a new run begins. */
export const BEGIN_BACKFILL = defineStatement(
  'begin a backfill',
  sql`
  insert into ${backfillRuns} as b
    (${namesOf([b.run_id, b.state, b.instance_id, b.expected_users, b.max_users, b.started_at, b.updated_at])})
  values ($1, 'running', $2, $3::text::bigint, $4::text::bigint, $5::text::timestamptz, $5::text::timestamptz)
  returning ${COLUMNS}`,
);

/** True until another process has continued the run, or closed it. A process that lost the lock in a page is too late. */
const STILL_OURS = sql`${b.run_id} = $1 and ${b.pages} = $2 and ${b.state} = 'running'`;

/** Records that one more page is committed. */
export const CHECKPOINT_BACKFILL = defineStatement(
  'checkpoint a backfill',
  sql`
  update ${backfillRuns} as b set
    ${nameOf(b.checkpoint_user_id)} = $3, ${nameOf(b.checkpoint_created_at)} = $4::text::timestamptz,
    ${nameOf(b.pages)} = ${b.pages} + 1, ${nameOf(b.users_read)} = ${b.users_read} + $5::text::bigint,
    ${nameOf(b.applied)} = ${b.applied} + $6::text::bigint, ${nameOf(b.stale)} = ${b.stale} + $7::text::bigint,
    ${nameOf(b.dead_letters)} = ${b.dead_letters} + $8::text::bigint, ${nameOf(b.updated_at)} = $9::text::timestamptz
  where ${STILL_OURS}
  returning ${COLUMNS}`,
);

/** Records how a run ended. */
export const END_BACKFILL = defineStatement(
  'end a backfill',
  sql`
  update ${backfillRuns} as b set
    ${nameOf(b.state)} = $3, ${nameOf(b.error)} = $4, ${nameOf(b.updated_at)} = $5::text::timestamptz,
    ${nameOf(b.finished_at)} = case when $3 = 'finished' then $5::text::timestamptz end
  where ${STILL_OURS}
  returning ${COLUMNS}`,
);
