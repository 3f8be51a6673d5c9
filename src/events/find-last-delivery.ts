import { sql } from 'drizzle-orm';
import { webhookMessages } from '../../drizzle/schema/messages.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';

const FIND = defineStatement(
  'find when the last delivery came',
  sql`
  select ${epochMs(sql`max(${webhookMessages.received_at})`)} as at from ${webhookMessages}`,
);

/** When the last delivery was received that the ledger has a row of. Null: none ever came. */
export async function findLastDelivery(session: Session): Promise<Date | null> {
  const [row] = await session.run<{ at: string | null }>(FIND);
  return readTime(row?.at ?? null);
}
