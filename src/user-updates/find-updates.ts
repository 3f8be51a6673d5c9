import { and, getTableColumns, gte, inArray, lt, type SQL, sql } from 'drizzle-orm';
import { userUpdates } from '../../drizzle/schema/user-updates.ts';
import { parseJson } from '../clerk/json/parse-json.ts';
import type { Session } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { makeQuery, type Query } from '../db/sql/make-query.ts';
import { readRow, selectReadable } from '../db/sql/readable.ts';
import { OperatorError } from '../errors.ts';
import type { UpdateAction, UpdateState, UserUpdate } from './user-update.ts';

/** Which requests: each part that is given must hold, and any value of its list will do. */
export interface UpdateFilter {
  readonly ids?: readonly number[] | undefined;
  readonly userIds?: readonly string[] | undefined;
  readonly actions?: readonly UpdateAction[] | undefined;
  readonly states?: readonly UpdateState[] | undefined;
  /** Codes of Clerk's errors. */
  readonly reasons?: readonly string[] | undefined;
  /** Properties that Clerk refused. */
  readonly properties?: readonly string[] | undefined;
  /** Inserted at this time or later. */
  readonly since?: Date | undefined;
  /** Inserted before this time. */
  readonly until?: Date | undefined;
  /** Inserted earlier than the request with this id. */
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
  /** Default: `oldest`. */
  readonly first?: 'oldest' | 'newest' | undefined;
}

const { request, ...others } = getTableColumns(userUpdates);
const { id } = others;

/** The secrets do not leave the database, also while they are still needed there. */
const LISTED = sql`${selectReadable(Object.values(others))},
    clerk.erase_request_secrets(${request})::text as request`;

/** The requests that the filter names, in the order that it names. */
export async function findUpdates(session: Session, filter: UpdateFilter): Promise<UserUpdate[]> {
  return (await session.run<StoredUpdate>(makeUpdatesQuery(filter))).map(readUpdate);
}

/** How many requests the filter names, without its limit. */
export async function countUpdates(session: Session, filter: UpdateFilter): Promise<number> {
  const query = sql`select count(*)::float8 as requests from ${userUpdates} where ${toCondition(filter)}`;
  const [row] = await session.run<{ requests: number }>(makeQuery(query));
  return row?.requests ?? 0;
}

const GET = defineStatement(
  'get a user update',
  sql`
  select ${LISTED}
  from ${userUpdates} where ${id} = $1::text::bigint`,
);

/** @throws {OperatorError} if there is no request with this id. */
export async function getUpdate(session: Session, updateId: number): Promise<UserUpdate> {
  const [row] = await session.run<StoredUpdate>(GET, [String(updateId)]);
  if (row !== undefined) return readUpdate(row);
  throw new OperatorError('user_update_not_found', `There is no update request with the id ${updateId}.`, {
    hint: '`clerk-sync updates list --state pending,sending,succeeded,rejected,cancelled` shows all there are.',
  });
}

/** The statement that lists what a filter names. */
export function makeUpdatesQuery(filter: UpdateFilter): Query {
  return makeQuery(sql`
  select ${LISTED}
  from ${userUpdates}
  where ${toCondition(filter)}
  order by ${id}${filter.first === 'newest' ? sql` desc` : sql``}${filter.limit === undefined ? sql`` : sql` limit ${filter.limit}`}`);
}

/** A row as it is read: `request` as text, so that no digit is lost. */
type StoredUpdate = Omit<UserUpdate, 'request'> & { readonly request: string };

function readUpdate({ request: text, ...row }: StoredUpdate): UserUpdate {
  const parsed = parseJson(text);
  if ('unreadable' in parsed) throw new Error('Postgres has made JSON that is none.');
  return { ...readRow(userUpdates, row), request: parsed.value as UserUpdate['request'] };
}

function toCondition({ ids, userIds, actions, states, reasons, properties, since, until, before }: UpdateFilter): SQL {
  const { user_id, action, state, error, error_property, created_at } = userUpdates;
  const condition = and(
    ids && inArray(id, [...ids]),
    userIds && inArray(user_id, [...userIds]),
    actions && inArray(action, [...actions]),
    states && inArray(state, [...states]),
    reasons &&
      sql`exists (select from jsonb_array_elements(${error}) e where ${inArray(sql`e ->> 'code'`, [...reasons])})`,
    properties && inArray(error_property, [...properties]),
    since && gte(created_at, since),
    until && lt(created_at, until),
    before === undefined ? undefined : lt(id, before),
  );
  return condition ?? sql`true`;
}
