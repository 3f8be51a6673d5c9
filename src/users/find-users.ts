import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import { alias, type PgTable } from 'drizzle-orm/pg-core';
import { childTables } from '../../drizzle/schema/child-tables.ts';
import { emailAddresses, phoneNumbers, web3Wallets } from '../../drizzle/schema/children.ts';
import { users } from '../../drizzle/schema/users.ts';
import { parseJson } from '../clerk/json/parse-json.ts';
import { type ListKey, listKeys } from '../clerk/user/children.ts';
import type { Session } from '../db/pool.ts';
import { listColumns, listSql, literal, nameOf } from '../db/sql/columns.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

/** A row by its columns: times as ISO texts in UTC, numbers with every digit. */
export type Row = Readonly<Record<string, unknown>>;

/** A user's row, and the rows of the children by their table. */
export interface UserRows {
  readonly user: Row;
  readonly children: Readonly<Record<ListKey, readonly Row[]>>;
}

/** The most users that are shown: a search for one user does not mean more. */
export const MAX_FOUND = 20;

/** Each branch has an index: an `or` over the joined tables would read all of them. */
const FIND = defineStatement(
  'find users',
  sql`
  select ${users.id} from ${users}
  where ${users.id} = $1 or ${users.external_id} = $1 or ${users.username} = $1 or ${users.username} = lower($1)
  union select ${emailAddresses.user_id} from ${emailAddresses} where lower(${emailAddresses.email_address}) = lower($1)
  union select ${phoneNumbers.user_id} from ${phoneNumbers}
  where ${phoneNumbers.phone_number} = $1 or ${phoneNumbers.phone_number} = $2
  union select ${web3Wallets.user_id} from ${web3Wallets} where lower(${web3Wallets.web3_wallet}) = lower($1)
  order by 1 limit ${sql.raw(String(MAX_FOUND))}`,
);

const u = alias(users, 'u');

const READ = defineStatement(
  'read users',
  sql`
  select row_to_json(u)::text as user_row,
    json_build_object(${listSql(
      listKeys.map(
        (key) => sql`
      ${literal(key)}, ${selectChildren(key)}`,
      ),
    )})::text as child_rows
  from (
    select ${listReadable(users)}
    from ${users} where ${users.id} = any(array(select json_array_elements_text($1::text::json)))
  ) u
  order by ${u.id}`,
);

/**
 * Finds the users whom a text names: by id, e-mail address, phone number, user name, external id or wallet. Case makes no
 * difference if it makes none to Clerk. Tombstones are found as well.
 */
export async function findUsers(session: Session, text: string): Promise<UserRows[]> {
  const found = await session.run<{ id: string }>(FIND, [text, toPhoneNumber(text)]);
  return found.length === 0
    ? []
    : readUsers(
        session,
        found.map(({ id }) => id),
      );
}

/** Reads the users with these ids, in the order of the ids. An id without a row is left out. */
export async function readUsers(session: Session, ids: readonly string[]): Promise<UserRows[]> {
  const rows = await session.run<{ user_row: string; child_rows: string }>(READ, [JSON.stringify(ids)]);
  return rows.map(({ user_row, child_rows }) => ({
    user: parseRow(user_row),
    children: parseRow(child_rows) as UserRows['children'],
  }));
}

function selectChildren(key: ListKey): SQL {
  const table = childTables[key];
  const order = 'created_at' in table ? [table.created_at, table.id] : [table.id];
  return sql`(
        select coalesce(json_agg(row_to_json(c)), '[]') from (
          select ${listReadable(table)}
          from ${table} where ${table.user_id} = ${u.id} order by ${listSql(order)}
        ) c)`;
}

/** A table's columns, times in one form whatever the session's settings are. */
function listReadable(table: PgTable): SQL {
  return listSql(
    listColumns(table).map((column) =>
      column.dataType === 'date' ? sql`${formatUtc(column)} as ${nameOf(column)}` : column,
    ),
  );
}

/** SQL for the ISO text of a time. */
export function formatUtc(time: SQLWrapper): SQL {
  return sql`to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** A phone number as Clerk stores it, E.164: people write numbers with spaces and the like. Another text stays as it is. */
export function toPhoneNumber(text: string): string {
  return /^\+?[\d\s().-]+$/.test(text) ? text.replaceAll(/[^+\d]/g, '') : text;
}

function parseRow(json: string): Row {
  const parsed = parseJson(json);
  if ('unreadable' in parsed) throw new Error('Postgres has made JSON that is none.');
  return parsed.value as Row;
}
