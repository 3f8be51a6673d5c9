import { sql } from 'drizzle-orm';
import { webhookMessages } from '../../drizzle/schema/messages.ts';
import { processes } from '../../drizzle/schema/processes.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

/**
 * A duplicate and a delivery that was refused leave no row in the ledger, so the processes are asked, too. The index of the ledger
 * has its newest row at its end. A time in the future says nothing: rows of older versions have the clock of a process, and the
 * clock of the database may have been set back.
 */
const FIND = defineStatement(
  'find the last delivery',
  sql`
  select extract(epoch from now() - greatest(
    (select max(${webhookMessages.received_at}) from ${webhookMessages} where ${webhookMessages.received_at} <= now()),
    (select max(${processes.last_delivery_at}) from ${processes} where ${processes.last_delivery_at} <= now())))::float8 as age`,
);

/** How many seconds ago any process received a verified delivery. Undefined: none ever did. */
export async function findLastDeliveryAge(session: Session): Promise<number | undefined> {
  const [row] = await session.run<{ age: number | null }>(FIND);
  return row?.age ?? undefined;
}
