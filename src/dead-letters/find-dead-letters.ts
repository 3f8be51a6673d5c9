import { and, getTableColumns, gte, ilike, inArray, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { type LetterState, letterStates, type Origin } from '../../drizzle/schema/codes.ts';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { makeQuery, type Query } from '../db/sql/make-query.ts';
import { readRow, selectReadable } from '../db/sql/readable.ts';
import { epochMs, readTime } from '../db/sql/wire-time.ts';
import { OperatorError } from '../errors.ts';
import type { DeadLetter, DeadLetterWithBody } from './dead-letter.ts';

/** Where a letter stands in the order of `findDeadLetters`. */
export interface LetterPosition {
  readonly firstFailedAt: Date;
  readonly messageId: string;
}

/** One of two groups that no user is in both of: two lanes that replay one each never wait for each other. */
export type Half = 0 | 1;

/** Which letters: each part that is given must hold. Of its list one value is enough. */
export interface DeadLetterFilter {
  readonly ids?: readonly string[];
  readonly origins?: readonly Origin[];
  readonly types?: readonly string[];
  readonly reasons?: readonly string[];
  /** As `findFailurePath` writes them. Null is for letters that name no place. */
  readonly paths?: readonly (string | null)[];
  readonly userIds?: readonly string[];
  readonly states?: readonly LetterState[];
  /** First failed at this time or later. */
  readonly since?: Date;
  /** First failed before this time. */
  readonly until?: Date;
  /** A part of the error, in upper or lower case. */
  readonly error?: string;
  /** Only letters of one half of the users. Letters without a user are in either half. */
  readonly half?: Half;
  /** Only letters that come after this one in the order of `findDeadLetters`: the last one of the page before. */
  readonly after?: LetterPosition;
  readonly limit?: number;
}

const { body, original_body: originalBody, ...listedColumns } = getTableColumns(deadLetters);
const LISTED = selectReadable(Object.values(listedColumns));

/** The letters that the filter names. The one that has waited longest comes first, so replays keep the order of events. */
export async function findDeadLetters(session: Session, filter: DeadLetterFilter): Promise<DeadLetter[]> {
  const rows = await session.run<DeadLetter>(makeDeadLettersQuery(filter));
  return rows.map((row) => readRow(deadLetters, row));
}

const GET = defineStatement(
  'get a dead letter',
  sql`
  select ${LISTED}, ${body}, ${originalBody}
  from ${deadLetters} where ${deadLetters.message_id} = $1`,
);

/** @throws {OperatorError} if there is no letter with this id. */
export async function getDeadLetter(session: Session, messageId: string): Promise<DeadLetterWithBody> {
  const [row] = await session.run<DeadLetterWithBody>(GET, [messageId]);
  if (row !== undefined) return readRow(deadLetters, row);
  throw new OperatorError('dead_letter_not_found', `There is no dead letter with the id ${messageId}.`, {
    hint: '`clerk-sync dead-letters list --state open,queued,replayed,discarded` shows all dead letters.',
  });
}

/** Where the letters stand that the filter names, in the order of `findDeadLetters`. */
export async function findLetterPositions(
  session: Session,
  filter: DeadLetterFilter & { readonly limit: number },
): Promise<LetterPosition[]> {
  const query = sql`select message_id, ${sql.raw(epochMs('first_failed_at'))} as failed_at from (${selectFirst(filter, filter.limit)}) p`;
  const rows = await session.run<{ message_id: string; failed_at: string }>(makeQuery(query));
  return rows.map((row) => ({ messageId: row.message_id, firstFailedAt: readTime(row.failed_at) }));
}

const ORDER = sql`order by ${deadLetters.first_failed_at}, ${deadLetters.message_id}`;

/** The statement that lists what a filter names. */
export function makeDeadLettersQuery(filter: DeadLetterFilter): Query {
  const { limit } = filter;
  const condition =
    limit === undefined
      ? toCondition(filter)
      : sql`${deadLetters.message_id} = any(array(select message_id from (${selectFirst(filter, limit)}) p))`;
  return makeQuery(sql`
  select ${LISTED}
  from ${deadLetters}
  where ${condition}
  ${ORDER}`);
}

/**
 * The ids and times of the first letters. Each state is read by itself, because an index has its letters in this order. So a page of
 * 100,000 letters in two states takes a few milliseconds and not a sort of all of them.
 *
 * @param meant what the column `is_meant` says of each. It leaves none out.
 */
export function selectFirst(
  { states = letterStates, ...filter }: DeadLetterFilter,
  limit: number,
  meant: DeadLetterFilter = {},
): SQL {
  if (states.length === 0)
    return sql`select first_failed_at, message_id, true as is_meant from ${deadLetters} where false`;
  const firstOfEach = states.map(
    (state) => sql`(
    select ${deadLetters.first_failed_at}, ${deadLetters.message_id}, ${toCondition(meant)} as is_meant from ${deadLetters}
    where ${toCondition({ ...filter, states: [state] })} ${ORDER} limit ${limit})`,
  );
  return sql`select first_failed_at, message_id, is_meant from (${sql.join(firstOfEach, sql` union all `)}) f
    order by first_failed_at, message_id limit ${limit}`;
}

/** The filter as SQL, without its limit. */
export function toCondition({
  ids,
  origins,
  types,
  reasons,
  paths,
  userIds,
  states,
  since,
  until,
  error,
  half,
  after,
}: DeadLetterFilter): SQL {
  const condition = and(
    ids && inArray(deadLetters.message_id, [...ids]),
    origins && inArray(deadLetters.origin, [...origins]),
    types && inArray(deadLetters.event_type, [...types]),
    reasons && inArray(deadLetters.reason, [...reasons]),
    paths && matchPaths(paths),
    userIds && inArray(deadLetters.user_id, [...userIds]),
    states && inArray(deadLetters.state, [...states]),
    since && gte(deadLetters.first_failed_at, since),
    until && lt(deadLetters.first_failed_at, until),
    error === undefined ? undefined : ilike(deadLetters.error, `%${error.replaceAll(/[\\%_]/g, '\\$&')}%`),
    half === undefined ? undefined : sql`${HALF} = ${half}`,
    after && isAfter(after),
  );
  return condition ?? sql`true`;
}

/** The last character of an id is as good as random. */
const HALF = sql`ascii(right(coalesce(${deadLetters.user_id}, ${deadLetters.message_id}), 1)) % 2`;

const last = alias(deadLetters, 'last');

/** A `Date` has milliseconds, and Postgres microseconds. So the time is that of the letter itself, as long as it is there. */
function isAfter({ firstFailedAt, messageId }: LetterPosition): SQL {
  const given = sql.param(firstFailedAt, deadLetters.first_failed_at);
  return sql`(${deadLetters.first_failed_at}, ${deadLetters.message_id}) > (coalesce(
      (select ${last.first_failed_at} from ${deadLetters} as last where ${last.message_id} = ${messageId}), ${given}), ${messageId})`;
}

function matchPaths(paths: readonly (string | null)[]): SQL | undefined {
  const named = inArray(
    deadLetters.path,
    paths.filter((path) => path !== null),
  );
  return paths.includes(null) ? or(isNull(deadLetters.path), named) : named;
}
