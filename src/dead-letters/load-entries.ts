import { sql } from 'drizzle-orm';
import { isOneOf } from '../../drizzle/schema/clerk-schema.ts';
import { unresolvedLetterStates } from '../../drizzle/schema/codes.ts';
import { deadLetters, webhookMessages } from '../../drizzle/schema/messages.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { readRow, selectReadable } from '../db/sql/readable.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';
import type { BatchEntry } from '../sync/batch-entry.ts';
import { type MessageTimes, makeReplayEntry, type ReplayedLetter } from './replay-entry.ts';

const d = deadLetters;

/** The look-up of the ledger is by key for each letter, whatever the size of the tables. */
const LOAD_LETTERS = defineStatement(
  'load dead letters to replay',
  sql`
  select ${selectReadable([d.message_id, d.origin, d.user_id, d.instance_id, d.body, d.details, d.first_failed_at])},
    ${d}.xmin::text as version, m.event_at, m.received_at
  from ${d} left join lateral (
    select ${epochMs(webhookMessages.event_at)} as event_at, ${epochMs(webhookMessages.received_at)} as received_at
    from ${webhookMessages} where ${webhookMessages.message_id} = ${d.message_id} offset 0
  ) m on true
  where ${d.message_id} = any(array(select json_array_elements_text($1::text::json)))
    and ${isOneOf(d.state, unresolvedLetterStates)}`,
);

const FIND_TIMES = defineStatement(
  'find the times of a message',
  sql`
  select ${epochMs(webhookMessages.event_at)} as event_at, ${epochMs(webhookMessages.received_at)} as received_at
  from ${webhookMessages} where ${webhookMessages.message_id} = $1`,
);

type TimesRow = Readonly<Record<'event_at' | 'received_at', string | null>>;

/** Of these letters, reads those that nobody has resolved, as entries for the write path, in the given order. */
export async function loadEntries(session: Session, messageIds: readonly string[]): Promise<BatchEntry[]> {
  const rows = await session.run<ReplayedLetter & TimesRow & { readonly version: string }>(LOAD_LETTERS, [
    JSON.stringify(messageIds),
  ]);
  const byId = new Map(rows.map((row) => [row.message_id, row]));
  return messageIds.flatMap((id) => {
    const row = byId.get(id);
    if (row === undefined) return [];
    const { event_at, received_at, version: letterVersion, ...letter } = row;
    const entry = makeReplayEntry(readRow(deadLetters, letter), readTimes({ event_at, received_at }));
    return { ...entry, letterVersion };
  });
}

/** What the write path would settle if the letter were replayed now. */
export async function readEntry(session: Session, letter: ReplayedLetter): Promise<BatchEntry> {
  const [times] = letter.origin === 'webhook' ? await session.run<TimesRow>(FIND_TIMES, [letter.message_id]) : [];
  return makeReplayEntry(letter, times && readTimes(times));
}

function readTimes({ event_at, received_at }: TimesRow): MessageTimes | undefined {
  if (event_at === null || received_at === null) return undefined;
  return { eventAt: readTime(event_at), receivedAt: readTime(received_at) };
}
