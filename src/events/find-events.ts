import { and, getTableColumns, gte, inArray, lt, type SQL, sql } from 'drizzle-orm';
import type { RecordedOutcome } from '../../drizzle/schema/codes.ts';
import { webhookMessages } from '../../drizzle/schema/messages.ts';
import type { Session } from '../db/pool.ts';
import { makeQuery, type Query } from '../db/sql/make-query.ts';
import { readRow, selectReadable } from '../db/sql/readable.ts';
import { epochMs } from '../db/sql/wire-time.ts';

/** A settled message, as the ledger has it. */
export type LedgerEvent = typeof webhookMessages.$inferSelect;

/** A place in the ledger: the row that a page ended with. */
export interface LedgerPlace {
  /** Unix milliseconds with every digit that Postgres has. */
  readonly receivedAt: string;
  readonly messageId: string;
}

/** Which events: each part that is given must hold. Of its list one value is enough. */
export interface EventFilter {
  readonly messageIds?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly userIds?: readonly string[] | undefined;
  readonly outcomes?: readonly RecordedOutcome[] | undefined;
  /** Received at this time or later. */
  readonly since?: Date | undefined;
  /** Received before this time. */
  readonly until?: Date | undefined;
  /** Only what is older than this place. */
  readonly before?: LedgerPlace | undefined;
  readonly limit: number;
}

/** Some events, and where the next page begins. */
export interface EventPage {
  readonly events: readonly LedgerEvent[];
  /** Undefined: there are no older ones. */
  readonly next: LedgerPlace | undefined;
}

/** The events that the filter names, the newest first. A duplicate has no row of its own, so it is not among them. */
export async function findEvents(session: Session, filter: EventFilter): Promise<EventPage> {
  const rows = await session.run<LedgerEvent & { place: string }>(makeEventsQuery(filter));
  const shown = rows.slice(0, filter.limit);
  const last = rows.length > shown.length ? shown.at(-1) : undefined;
  return {
    events: shown.map(({ place: _, ...row }) => readRow(webhookMessages, row)),
    next: last && { receivedAt: last.place, messageId: last.message_id },
  };
}

/** The statement that lists what a filter names, and one row more. */
export function makeEventsQuery(filter: EventFilter): Query {
  const { received_at, message_id } = webhookMessages;
  return makeQuery(sql`
  select ${selectReadable(Object.values(getTableColumns(webhookMessages)))}, ${epochMs(received_at)} as place
  from ${webhookMessages}
  where ${toCondition(filter)}
  order by ${received_at} desc, ${message_id} desc limit ${filter.limit + 1}`);
}

function toCondition({ messageIds, types, userIds, outcomes, since, until, before }: EventFilter): SQL {
  const { message_id, event_type, user_id, outcome, received_at } = webhookMessages;
  const condition = and(
    messageIds && inArray(message_id, [...messageIds]),
    types && inArray(event_type, [...types]),
    userIds && inArray(user_id, [...userIds]),
    outcomes && inArray(outcome, [...outcomes]),
    since && gte(received_at, since),
    until && lt(received_at, until),
    before &&
      sql`(${received_at}, ${message_id}) < (to_timestamp(${before.receivedAt}::text::numeric / 1000), ${before.messageId}::text)`,
  );
  return condition ?? sql`true`;
}
