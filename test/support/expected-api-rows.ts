import type postgres from 'postgres';
import { at } from './expected-rows.ts';
import type { ApiUserJson } from './fake-clerk/make-api-user.ts';

/**
 * The rows that users of the Backend API must have become, field by field, made of nothing but the users themselves and
 * the database's own list of its columns: what has a column of its name is in it, times as times, and all else is in
 * `extra`. For users as `makeApiUser` makes them.
 */
type Row = Record<string, unknown>;

const LISTS = [
  'email_addresses',
  'phone_numbers',
  'web3_wallets',
  'passkeys',
  'external_accounts',
  'saml_accounts',
  'enterprise_accounts',
] as const;

/** How the write path came to a row, which no user says. */
const OWN = ['observed_at', 'last_message_id', 'synced_at', 'stated_keys'];

/** Kept nowhere. */
const SECRETS = ['backup_codes'];
/** A Google account says these twice, under an older name and under today's. */
const OLDER_NAMES = ['identification_id', 'google_id', 'given_name', 'family_name', 'picture'];

/** The types of all columns, by table. */
export type Columns = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Reads what columns there are. */
export async function readColumns(sql: postgres.Sql): Promise<Columns> {
  const rows = await sql<{ table_name: string; column_name: string; data_type: string }[]>`
    select table_name, column_name, data_type from information_schema.columns where table_schema = 'clerk'`;
  const byTable = Map.groupBy(rows, ({ table_name }) => table_name);
  return new Map(
    [...byTable].map(([table, ofTable]) => [table, new Map(ofTable.map((row) => [row.column_name, row.data_type]))]),
  );
}

/** A user with all of his children, without what the write path keeps for itself. */
export function makeExpectedUser(user: ApiUserJson, instanceId: string, columns: Columns): Row {
  const scalars = Object.entries(user).filter(([key]) => !(LISTS as readonly string[]).includes(key));
  const children = LISTS.map((list) => {
    const rows = (user[list] as Row[]).map((child) => makeChild(list, child, user.id, columns));
    return [list, rows.toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1))];
  });
  const row = makeRow('users', { ...Object.fromEntries(scalars), instance_id: instanceId }, columns);
  return { ...row, ...Object.fromEntries(children) };
}

function makeChild(list: (typeof LISTS)[number], child: Row, userId: string, columns: Columns): Row {
  const { status, strategy } = child.verification as Row;
  const said = Object.entries(child).filter(([key]) => list !== 'external_accounts' || !OLDER_NAMES.includes(key));
  const made = { user_id: userId, verification_status: status, verification_strategy: strategy };
  return makeRow(list, { ...Object.fromEntries(said), ...made }, columns);
}

function makeRow(table: string, properties: Row, columns: Columns): Row {
  const types = columns.get(table) as ReadonlyMap<string, string>;
  const names = [...types.keys()].filter((name) => name !== 'extra' && !OWN.includes(name));
  const row = names.map((name) => {
    const value = properties[name] ?? null;
    const isTime = types.get(name) === 'timestamp with time zone' && value !== null;
    return [name, isTime ? at(value as number) : value];
  });
  const rest = Object.entries(properties).filter(
    ([name]) => !types.has(name) && name !== 'object' && !SECRETS.includes(name),
  );
  return { ...Object.fromEntries(row), extra: Object.fromEntries(rest) };
}

/** Reads users with all of their children, a thousand at a time in the order of their ids. */
export async function* readUserRows(sql: postgres.Sql): AsyncGenerator<Row[]> {
  const children = LISTS.map(
    (list) => `'${list}', (
      select coalesce(jsonb_agg(to_jsonb(c) order by c.id collate "C"), '[]') from clerk.${list} c where c.user_id = u.id)`,
  );
  const query = `
    select (to_jsonb(u) - array[${OWN.map((name) => `'${name}'`).join(', ')}]
      || jsonb_build_object(${children.join(', ')}))::text as "user"
    from clerk.users u where id collate "C" > $1 order by id collate "C" limit 1000`;
  for (let after = ''; ; ) {
    const page = await sql.unsafe<{ user: string }[]>(query, [after]);
    const users = page.map(({ user }) => JSON.parse(user) as Row);
    if (users.length === 0) return;
    yield users;
    after = String(users.at(-1)?.id);
  }
}
