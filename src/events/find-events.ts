import { and, getTableColumns, gte, inArray, lt, type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
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

/**
 * No index has the outcomes and types, so rare ones are looked for row by row: 100,000 rows take a tenth of a second (two cores,
 * 2026-11).
 */
const MOST_SEARCHED = 100_000;

/** Some events, and where the next page begins. */
export interface EventPage {
  readonly events: readonly LedgerEvent[];
  /** Undefined: there are no older ones. */
  readonly next: LedgerPlace | undefined;
  /** Not all of the ledger was searched, so there may be older ones although this page is not full. */
  readonly isCut: boolean;
}

interface Place {
  readonly place: string;
  readonly message_id: string;
}

/**
 * The events that the filter names, the newest first. A duplicate has no row of its own, so it is not among them.
 *
 * @param searched the most rows that are searched for an outcome or a type. Default: 100,000.
 */
export async function findEvents(
  session: Session,
  filter: EventFilter,
  searched: number = MOST_SEARCHED,
): Promise<EventPage> {
  const rows = await session.run<LedgerEvent & Place>(makeEventsQuery(filter, searched));
  const shown = rows.slice(0, filter.limit);
  const events = shown.map(({ place: _, ...row }) => readRow(webhookMessages, row));
  if (rows.length > shown.length) return { events, next: toPlace(shown.at(-1)), isCut: false };
  const [last] = isSearch(filter) ? await session.run<Place>(makeLastSearchedQuery(filter, searched)) : [];
  return { events, next: toPlace(last), isCut: last !== undefined };
}

function toPlace(row: Place | undefined): LedgerPlace | undefined {
  return row && { receivedAt: row.place, messageId: row.message_id };
}

/** The other parts of a filter have an index. */
function isSearch({ messageIds, userIds, types, outcomes }: EventFilter): boolean {
  return messageIds === undefined && userIds === undefined && (types !== undefined || outcomes !== undefined);
}

const m = alias(webhookMessages, 'm');
const ORDER = sql`order by ${m.received_at} desc, ${m.message_id} desc`;

/** The statement that lists what a filter names, and one row more. */
export function makeEventsQuery(filter: EventFilter, searched: number = MOST_SEARCHED): Query {
  const newest = isSearch(filter)
    ? sql`(select * from ${webhookMessages} as m where ${toCondition(dropSearch(filter))} ${ORDER} limit ${searched})`
    : webhookMessages;
  return makeQuery(sql`
  select ${selectReadable(Object.values(getTableColumns(m)))}, ${epochMs(m.received_at)} as place
  from ${newest} as m
  where ${toCondition(filter)}
  ${ORDER} limit ${filter.limit + 1}`);
}

/** Finds the last row that is searched. There is none if all rows are searched. */
function makeLastSearchedQuery(filter: EventFilter, searched: number): Query {
  return makeQuery(sql`
  select ${epochMs(m.received_at)} as place, ${m.message_id} from ${webhookMessages} as m
  where ${toCondition(dropSearch(filter))}
  ${ORDER} limit 1 offset ${searched - 1}`);
}

function dropSearch({ types: _types, outcomes: _outcomes, ...indexed }: EventFilter): EventFilter {
  return indexed;
}

function toCondition({ messageIds, types, userIds, outcomes, since, until, before }: EventFilter): SQL {
  const { message_id, event_type, user_id, outcome, received_at } = m;
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
