import { columns } from '../../drizzle/columns.ts';
import { type ListKey, listKeys } from '../clerk/children.ts';
import { parseJson } from '../clerk/json.ts';
import type { Session } from '../db/pool.ts';

/** A row by its columns: times as ISO texts in UTC, numbers with every digit. */
export type Row = Readonly<Record<string, unknown>>;

/** A user's row, and the rows of the children by their table. */
export interface UserRows {
  readonly user: Row;
  readonly children: Readonly<Record<ListKey, readonly Row[]>>;
}

/** Found beyond this many are cut off: whoever looks for one user does not mean so many. */
export const MAX_FOUND = 20;

/** Each branch has an index: an `or` over the joined tables would read all of them. */
const FIND = `
  select id from clerk.users where id = $1 or external_id = $1 or username = $1 or username = lower($1)
  union select user_id from clerk.email_addresses where lower(email_address) = lower($1)
  union select user_id from clerk.phone_numbers where phone_number = $1 or phone_number = $2
  union select user_id from clerk.web3_wallets where lower(web3_wallet) = lower($1)
  order by 1 limit ${MAX_FOUND}`;

const READ = `
  select row_to_json(u)::text as user_row,
    json_build_object(${listKeys.map((key) => `'${key}', ${selectChildren(key)}`).join(', ')})::text as child_rows
  from (select ${listReadable('users')} from clerk.users where id = any(array(select json_array_elements_text($1::text::json)))) u
  order by u.id`;

/**
 * Finds the users whom a text names: by id, e-mail address, phone number, user name, external id or wallet, in that form;
 * case makes no difference where it makes none to Clerk. Tombstones are found, too.
 */
export async function findUsers(session: Session, text: string): Promise<UserRows[]> {
  const found = await session.run<{ id: string }>(FIND, [text, toPhoneNumber(text)]);
  if (found.length === 0) return [];
  const ids = JSON.stringify(found.map(({ id }) => id));
  const rows = await session.run<{ user_row: string; child_rows: string }>(READ, [ids]);
  return rows.map(({ user_row, child_rows }) => ({
    user: parseRow(user_row),
    children: parseRow(child_rows) as UserRows['children'],
  }));
}

function selectChildren(key: ListKey): string {
  const rows = `select ${listReadable(key)} from clerk.${key} where user_id = u.id order by ${'created_at' in columns[key] ? 'created_at, ' : ''}id`;
  return `(select coalesce(json_agg(row_to_json(c)), '[]') from (${rows}) c)`;
}

/** A table's columns, times in one form whatever the session's settings are. */
function listReadable(table: keyof typeof columns): string {
  return Object.entries(columns[table])
    .map(([name, type]) => (type.startsWith('timestamp') ? `${formatUtc(name)} as ${name}` : name))
    .join(', ');
}

/** SQL for the ISO text of a time. */
export function formatUtc(time: string): string {
  return `to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** As Clerk stores it, E.164: people write numbers with spaces and the like. */
function toPhoneNumber(text: string): string {
  return /^\+?[\d\s().-]+$/.test(text) ? text.replaceAll(/[^+\d]/g, '') : text;
}

function parseRow(json: string): Row {
  return parseJson(json).value as Row;
}
