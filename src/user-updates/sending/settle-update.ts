import { sql } from 'drizzle-orm';
import { userUpdates } from '../../../drizzle/schema/user-updates.ts';
import type { Session } from '../../db/pool.ts';
import { nameOf } from '../../db/sql/columns.ts';
import { defineStatement } from '../../db/sql/define-statement.ts';
import type { ClaimedUpdate, UpdateCall } from './claimed-update.ts';

type Row = typeof userUpdates.$inferSelect;

/** How an attempt ends: settled for good, or to be tried again. */
export type Ending =
  | { readonly state: 'succeeded' }
  | { readonly state: 'rejected'; readonly errors: NonNullable<Row['error']>; readonly property: string | null }
  | {
      readonly state: 'pending';
      readonly afterMs: number;
      /** Whether the attempt counts: what waits for a limit has not failed. */
      readonly counts: boolean;
    };

const u = userUpdates;
/** Written only by whom it is claimed by: who was too slow, or was frozen, finds another attempt in the row. */
const isOurs = sql`${u.id} = $1::bigint and ${u.state} = 'sending' and ${u.attempts} = $2::int`;

const BEGIN_CALL = defineStatement(
  'record the beginning of a call',
  sql`
  update ${u}
  set ${nameOf(u.lease_until)} = clock_timestamp() + $5::float8 * interval '1 ms',
    ${nameOf(u.calls)} = $3::text::jsonb || jsonb_build_array($4::text::jsonb || jsonb_build_object('at', ${nowText()}))
  where ${isOurs}
  returning ${u.calls}`,
);

const SETTLE = defineStatement(
  'settle a request',
  sql`
  update ${u}
  set ${nameOf(u.state)} = $3, ${nameOf(u.calls)} = $4::text::jsonb, ${nameOf(u.error)} = $5::text::jsonb,
    ${nameOf(u.error_property)} = $6, ${nameOf(u.settled_at)} = clock_timestamp(), ${nameOf(u.lease_until)} = null
  where ${isOurs}
  returning ${u.id}`,
);

const PUT_BACK = defineStatement(
  'put a request back',
  sql`
  update ${u}
  set ${nameOf(u.state)} = 'pending', ${nameOf(u.calls)} = $3::text::jsonb, ${nameOf(u.lease_until)} = null,
    ${nameOf(u.next_attempt_at)} = clock_timestamp() + $4::float8 * interval '1 ms',
    ${nameOf(u.attempts)} = ${u.attempts} - $5::int
  where ${isOurs}
  returning ${u.id}`,
);

/** The moment, as JavaScript writes it. */
function nowText() {
  return sql.raw(`to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`);
}

/**
 * Records that a call begins, before it does: if the process is killed now, the next one knows that the call may have
 * reached Clerk. The lease is renewed.
 *
 * @returns the calls with this one; undefined if another process has taken the request over, or if the request was removed.
 */
export async function recordBeginning(
  session: Session,
  { id, attempt }: Pick<ClaimedUpdate, 'id' | 'attempt'>,
  { calls, call, leaseMs }: { calls: readonly UpdateCall[]; call: Omit<UpdateCall, 'at'>; leaseMs: number },
): Promise<readonly UpdateCall[] | undefined> {
  const parameters = [id, attempt, JSON.stringify(calls), JSON.stringify(call), leaseMs];
  const [row] = await session.run<{ calls: readonly UpdateCall[] }>(BEGIN_CALL, parameters);
  return row?.calls;
}

/**
 * Writes the end of an attempt. Secrets go with it: a trigger of the table erases them.
 *
 * @returns false if another process has taken the request over, or if the request was removed: then nothing is written.
 */
export async function writeEnding(
  session: Session,
  { id, attempt }: Pick<ClaimedUpdate, 'id' | 'attempt'>,
  { calls, ending }: { calls: readonly UpdateCall[]; ending: Ending },
): Promise<boolean> {
  const list = JSON.stringify(calls);
  if (ending.state === 'pending') {
    const rows = await session.run(PUT_BACK, [id, attempt, list, ending.afterMs, ending.counts ? 0 : 1]);
    return rows.length > 0;
  }
  const [errors, property] = ending.state === 'rejected' ? [ending.errors, ending.property] : [null, null];
  const error = errors && JSON.stringify(errors);
  const rows = await session.run(SETTLE, [id, attempt, ending.state, list, error, property]);
  return rows.length > 0;
}
