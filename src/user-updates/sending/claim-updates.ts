import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { userUpdates } from '../../../drizzle/schema/user-updates.ts';
import type { Session } from '../../db/pool.ts';
import { literal, nameOf } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';
import { epochMs, readTime } from '../../db/sql/wire-time.ts';
import { countCalls } from './calls/plan-steps.ts';
import type { ClaimedUpdate } from './claimed-update.ts';
import { type CallRate, lockInstanceBudget, MAX_CALLS, spendCalls } from './limits/limit-instance.ts';
import { LIMITED_CALLS, USER_WINDOW_MS } from './limits/limit-user.ts';

export interface ClaimOptions {
  /** The most requests to claim. */
  readonly limit: number;
  readonly rate: CallRate;
  /** Until when nobody else takes them over. */
  readonly leaseMs: number;
  /** The user behind whom to look first: everybody has their turn. */
  readonly afterUserId: string;
  /** Calls that earlier claims of this process have taken and not used. */
  readonly unusedCalls: number;
}

export interface UpdateClaim {
  readonly updates: readonly ClaimedUpdate[];
  /** Requests are due that the limit of the instance holds back for so long; undefined where it holds back none. */
  readonly waitMs: number | undefined;
  /** Whether it does because Clerk has asked to wait. */
  readonly isBlocked: boolean;
}

const u = userUpdates;
const isUnsettled = sql`${u.state} in ('pending', 'sending')`;

/**
 * The oldest unsettled request of each user behind `$1`, one look into the index for each. Only it can be sent: what
 * stands behind it waits, and who must wait holds up nobody else.
 */
const HEADS = sql`
  heads as (
    (select ${u.user_id}, ${u.id} from ${u} where ${isUnsettled} and ${u.user_id} > $1 order by ${u.user_id}, ${u.id} limit 1)
    union all
    select next.user_id, next.id
    from heads cross join lateral (
      select ${u.user_id}, ${u.id} from ${u} where ${isUnsettled} and ${u.user_id} > heads.user_id
      order by ${u.user_id}, ${u.id} limit 1
    ) next
  )`;

/** Also true where a process has died, or hangs, in the middle of it. */
const isDue = sql`
  case ${u.state} when 'pending' then ${u.next_attempt_at} <= clock_timestamp() else ${u.lease_until} < clock_timestamp() end`;

/** One look-up after the other, until the first that is due: a join would read the requests of all users. */
const LOOK = defineStatement(
  'look whether a request is due',
  sql`
  with recursive ${HEADS}
  select exists (
    select from heads cross join lateral (
      select from ${u} where ${u.id} = heads.id and ${isUnsettled} and ${isDue} offset 0
    ) due
  ) as due`,
);

const WINDOW = sql.raw(`interval '${USER_WINDOW_MS} ms'`);
const METADATA = literal('{public_metadata,private_metadata,unsafe_metadata}');

/** Bodies are text that Postgres makes of its own values: no number goes through a double. */
const CLAIM = defineStatement(
  'claim requests',
  sql`
  with recursive ${HEADS}
  update ${u}
  set ${nameOf(u.state)} = 'sending', ${nameOf(u.attempts)} = ${u.attempts} + 1,
    ${nameOf(u.lease_until)} = clock_timestamp() + $3::float8 * interval '1 ms'
  from (
    select due.id
    from heads cross join lateral (
      select ${u.id} from ${u} where ${u.id} = heads.id and ${isUnsettled} and ${isDue} for update skip locked
    ) due
    limit $2::int
  ) claimed
  where ${u.id} = claimed.id
  returning ${u.id}::text, ${u.user_id}, ${u.action}, ${u.attempts}, ${u.force}, ${u.metadata_mode}, ${u.calls},
    ${epochMs(u.created_at)} as created_at, ${u.request}::text as request,
    nullif(${u.request} - ${METADATA}::text[], '{}')::text as user_body,
    (
      select jsonb_object_agg(each.key, each.value) from jsonb_each(${u.request}) each
      where each.key = any(${METADATA}::text[])
    )::text as metadata_body`,
);

const own = alias(userUpdates, 'own');

/**
 * The calls that the users' own limit counts, with their ages: those of the claimed requests, and of the requests of the
 * same users that were settled just before. What waits behind them has had no call.
 */
const FIND_RECENT_CALLS = defineStatement(
  'find recent calls of users',
  sql`
  select ${own.user_id}, recent.age_ms
  from json_array_elements_text($1::text::json) ids(id) join ${u} own on ${own.id} = ids.id::bigint
    cross join lateral (
      select (extract(epoch from clock_timestamp() - (call ->> 'at')::timestamptz) * 1000)::float8 as age_ms
      from (
        select ${u.calls} from ${u} where ${u.user_id} = ${own.user_id} and ${u.settled_at} > now() - ${WINDOW}
        union all
        select ${own.calls}
      ) of_user cross join lateral jsonb_array_elements(of_user.calls) call
      where call ->> 'call' = any(${literal(`{${LIMITED_CALLS.join(',')}}`)}::text[]) and call ->> 'outcome' <> 'unchanged'
      offset 0
    ) recent
  where recent.age_ms < ${sql.raw(String(USER_WINDOW_MS))}`,
);

interface ClaimedRow extends Omit<ClaimedUpdate, 'id' | 'userId' | 'attempt' | 'metadataMode' | 'createdAt'> {
  readonly id: string;
  readonly user_id: string;
  readonly attempts: number;
  readonly metadata_mode: ClaimedUpdate['metadataMode'];
  readonly created_at: string;
  readonly user_body: string | null;
  readonly metadata_body: string | null;
}

/**
 * Whether there is anything to claim. It locks nothing, and so costs nobody else.
 *
 * @param afterUserId where to look first: requests that were settled just now would have to be walked over.
 */
export async function isSomethingDue(session: Session, afterUserId = ''): Promise<boolean> {
  const [row] = await session.run<{ due: boolean }>(LOOK, [afterUserId]);
  if (row?.due === true || afterUserId === '') return row?.due === true;
  return isSomethingDue(session);
}

/**
 * Claims requests that are due, one a user, for this process. To be sent after the commit: no transaction is open while
 * Clerk is asked.
 */
export async function claimUpdates(session: Session, options: ClaimOptions): Promise<UpdateClaim> {
  const { rate, limit, unusedCalls, afterUserId } = options;
  if (!(await isSomethingDue(session, afterUserId))) return NOTHING_CLAIMED;
  const budget = await lockInstanceBudget(session, rate);
  const limitNow = Math.min(limit, Math.floor((budget.calls + unusedCalls) / MAX_CALLS));
  if (budget.isBlocked || limitNow < 1)
    return { updates: [], waitMs: Math.max(1, budget.waitMs), isBlocked: budget.isBlocked };
  const rows = await claimRows(session, { ...options, limit: limitNow });
  if (rows.length === 0) return NOTHING_CLAIMED;
  const recentCalls = await findRecentCalls(session, rows);
  const updates = rows.map((row) => readUpdate(row, recentCalls.get(row.user_id) ?? []));
  const calls = updates.reduce((sum, update) => sum + countCalls(update), 0);
  await spendCalls(session, rate, calls - unusedCalls);
  return { updates, waitMs: undefined, isBlocked: false };
}

/** A claim without any request, for which nothing has to wait. */
export const NOTHING_CLAIMED: UpdateClaim = { updates: [], waitMs: undefined, isBlocked: false };

/** Those behind the last one first, and then from the beginning; those of the first round are no longer due. */
async function claimRows(session: Session, { afterUserId, limit, leaseMs }: ClaimOptions): Promise<ClaimedRow[]> {
  const rows = await session.run<ClaimedRow>(CLAIM, [afterUserId, limit, leaseMs]);
  if (rows.length === limit || afterUserId === '') return rows;
  return [...rows, ...(await session.run<ClaimedRow>(CLAIM, ['', limit - rows.length, leaseMs]))];
}

async function findRecentCalls(session: Session, rows: readonly ClaimedRow[]): Promise<Map<string, number[]>> {
  const ids = JSON.stringify(rows.map(({ id }) => id));
  const calls = await session.run<{ user_id: string; age_ms: number }>(FIND_RECENT_CALLS, [ids]);
  const byUser = Map.groupBy(calls, (call) => call.user_id);
  return new Map([...byUser].map(([userId, ages]) => [userId, ages.map(({ age_ms }) => Number(age_ms))]));
}

function readUpdate(row: ClaimedRow, recentCallsMs: readonly number[]): ClaimedUpdate {
  return {
    ...{ id: Number(row.id), userId: row.user_id, action: row.action, attempt: row.attempts, force: row.force },
    ...{ metadataMode: row.metadata_mode, calls: row.calls, request: row.request },
    ...{ userBody: row.user_body, metadataBody: row.metadata_body },
    ...{ createdAt: readTime(row.created_at), recentCallsMs },
  };
}
