import { sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { deadLetters, webhookMessages } from '../../../../drizzle/schema/messages.ts';
import { defineStatement } from '../../../db/sql/define-statement.ts';
import { epochMs, readTime } from '../../../db/sql/wire-time.ts';
import { formatAge } from '../../../text/format-age.ts';
import { formatQuantity } from '../../../text/format-quantity.ts';
import type { Check } from '../../check.ts';
import { ok, warning } from '../../finding.ts';
import type { Reader } from '../../reader.ts';

const DAY_MS = 86_400_000;
/** The service looks for old rows every hour, and removes them in small batches. */
const LATE_MS = 2 * DAY_MS;

const m = alias(webhookMessages, 'm');
const d = alias(deadLetters, 'd');

/** The index has the messages in this order. Those that have a letter stay as long as the letter. */
const FIND_OLDEST = defineStatement(
  'find the oldest message',
  sql`
  select ${epochMs(m.received_at)} as "receivedAt" from ${webhookMessages} as m
  where not exists (select from ${deadLetters} as d where ${d.message_id} = ${m.message_id})
  order by ${m.received_at}, ${m.message_id} limit 1`,
);

function readOldest(reader: Reader): Promise<Date | undefined> {
  return reader.read(async (session) => {
    const [row] = await session.run<{ receivedAt: string }>(FIND_OLDEST);
    return row && readTime(row.receivedAt);
  });
}

/** Whether the service removes old rows, as `RETENTION_DAYS` says. */
export const checkRetention: Check = async ({ read, retentionDays, command }) => {
  const oldest = await read(readOldest);
  const age = oldest === undefined ? 'No message is stored.' : `The oldest message came ${formatAge(oldest)}.`;
  const details = { retention_days: retentionDays ?? null, oldest_received_at: oldest ?? null };
  if (retentionDays === undefined) return ok(`Nothing is removed: RETENTION_DAYS is off. ${age}`, details);
  const rule = `Old rows are removed after ${formatQuantity(retentionDays, 'day')}.`;
  const isLate = oldest !== undefined && Date.now() - oldest.getTime() > retentionDays * DAY_MS + LATE_MS;
  if (!isLate) return ok(`${rule} ${age}`, details);
  return warning(
    `RETENTION_DAYS is ${retentionDays}, and rows are left that are older. ${age}`,
    `Does the service run? What does its log say of old rows? \`${command('prune')}\` removes them now.`,
    details,
  );
};
