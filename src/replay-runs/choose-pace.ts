import { sql } from 'drizzle-orm';
import { webhookMessages } from '../../drizzle/schema/messages.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

/** How much a replay may do at once, and for how long it then leaves the database to the deliveries. */
export interface Pace {
  /** The most letters in one transaction. */
  readonly batch: number;
  /** The pause after a transaction, as a multiple of the time that the transaction took. */
  readonly rest: number;
}

/** Without deliveries there is no pause. Larger batches gain little: see docs/performance.md. */
const LARGE_BATCH = 500;
/** A delivery that waits for it waits a fifth of the time. */
const SMALL_BATCH = 100;
/** So many deliveries a second, and the replay rests as long as it works. */
const DELIVERIES_PER_REST = 20;
/** It always gets a thirteenth of the time: it has to end some day. */
const MOST_REST = 12;

const WINDOW_SECONDS = 2;

/** It is no use to count further: the pause is the longest one by then. */
const COUNT_RECENT = defineStatement(
  'count recent deliveries',
  sql`
  select count(*)::float8 / ${sql.raw(String(WINDOW_SECONDS))} as per_second from (
    select from ${webhookMessages}
    where ${webhookMessages.received_at} > now() - interval '${sql.raw(String(WINDOW_SECONDS))} s'
    limit ${sql.raw(String(DELIVERIES_PER_REST * MOST_REST * WINDOW_SECONDS))}
  ) recent`,
);

/** Chooses how fast to replay by the deliveries of all processes in the last moments: they must not become slower. */
export async function choosePace(session: Session): Promise<Pace> {
  const [row] = await session.run<{ per_second: number }>(COUNT_RECENT);
  const perSecond = row?.per_second ?? 0;
  const rest = Math.min(MOST_REST, perSecond / DELIVERIES_PER_REST);
  return { batch: rest < 1 ? LARGE_BATCH : SMALL_BATCH, rest };
}
