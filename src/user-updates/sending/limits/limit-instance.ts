import { sql } from 'drizzle-orm';
import { userUpdateLimits } from '../../../../drizzle/schema/user-update-limits.ts';
import type { Session } from '../../../db/pool.ts';
import { nameOf } from '../../../db/sql/columns.ts';
import { defineStatement } from '../../../db/sql/define-statement.ts';

/** How many calls all processes together may make in sending requests. */
export interface CallRate {
  /** In any stretch of `perMs`. */
  readonly calls: number;
  readonly perMs: number;
}

/**
 * A share of what Clerk allows an instance (clerk.com/docs: 1,000 requests in 10 s in production, 100 in development).
 *
 * @param share above 0, up to 1.
 */
export function chooseCallRate(secretKey: string, share: number): CallRate {
  return { calls: share * (secretKey.startsWith('sk_live_') ? 1000 : 100), perMs: 10_000 };
}

/** The most calls that one claimed request leads to: GET, POST, DELETE and GET, for another primary e-mail address. */
export const MAX_CALLS = 4;

/** What may be called now. */
export interface InstanceBudget {
  /** So many calls at once; 0 while Clerk has asked to wait. */
  readonly calls: number;
  /** When to look again, with room for several requests; 0 where another one can be sent now. */
  readonly waitMs: number;
  /** Whether Clerk has asked the whole instance to wait. */
  readonly isBlocked: boolean;
}

/**
 * A bucket: it holds a fifth of the limit, which may be spent at once, and fills so slowly that both together stay below
 * the limit in any stretch of its time.
 */
function describeBucket({ calls, perMs }: CallRate) {
  const size = Math.max(MAX_CALLS, calls / 5);
  return { size, msPerCall: perMs / Math.max(calls - size, calls / 10) };
}

const LOCK = defineStatement(
  'lock the limit of the instance',
  sql`
  select extract(epoch from ${userUpdateLimits.spent_until} - clock_timestamp()) * 1000 as spent_ms,
    coalesce(extract(epoch from ${userUpdateLimits.blocked_until} - clock_timestamp()) * 1000, 0) as blocked_ms
  from ${userUpdateLimits} for update`,
);

const CREATE = defineStatement(
  'create the limit of the instance',
  sql`insert into ${userUpdateLimits} default values on conflict do nothing`,
);

const SPEND = defineStatement(
  'spend calls of the instance',
  sql`
  update ${userUpdateLimits}
  set ${nameOf(userUpdateLimits.spent_until)}
    = greatest(${userUpdateLimits.spent_until}, clock_timestamp()) + $1::float8 * interval '1 ms'`,
);

const BLOCK = defineStatement(
  'hold back the instance',
  sql`
  insert into ${userUpdateLimits} (${nameOf(userUpdateLimits.blocked_until)})
  values (clock_timestamp() + $1::float8 * interval '1 ms')
  on conflict (${nameOf(userUpdateLimits.id)}) do update
  set ${nameOf(userUpdateLimits.blocked_until)}
    = greatest(${userUpdateLimits.blocked_until}, excluded.${nameOf(userUpdateLimits.blocked_until)})`,
);

/** Reads the budget of all processes, and holds it until the end of the transaction: nobody else claims meanwhile. */
export async function lockInstanceBudget(session: Session, rate: CallRate): Promise<InstanceBudget> {
  const { size, msPerCall } = describeBucket(rate);
  const [row] = await lockRow(session);
  const blockedMs = Math.max(0, Number(row?.blocked_ms));
  const calls = Math.max(0, Math.floor(size - Math.max(0, Number(row?.spent_ms)) / msPerCall));
  if (blockedMs > 0) return { calls: 0, waitMs: blockedMs, isBlocked: true };
  const wanted = Math.max(MAX_CALLS, size / 4);
  return { calls, waitMs: calls >= MAX_CALLS ? 0 : (wanted - calls) * msPerCall, isBlocked: false };
}

async function lockRow(session: Session) {
  const rows = await session.run<{ spent_ms: string; blocked_ms: string }>(LOCK);
  if (rows.length > 0) return rows;
  await session.run(CREATE);
  return session.run<{ spent_ms: string; blocked_ms: string }>(LOCK);
}

/** Takes calls from the budget that is locked. Negative: gives back what a claim has taken and not used. */
export async function spendCalls(session: Session, rate: CallRate, calls: number): Promise<void> {
  await session.run(SPEND, [calls * describeBucket(rate).msPerCall]);
}

/** Lets no process claim for so long: Clerk has asked the whole instance to wait. */
export async function blockInstance(session: Session, ms: number): Promise<void> {
  await session.run(BLOCK, [ms]);
}
