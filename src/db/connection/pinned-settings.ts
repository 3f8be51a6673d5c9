import { quoteIdentifier } from '../sql/quote-identifier.ts';

/**
 * The settings that change what our statements read or write. A database, a role or a server can set each of them for
 * everybody. A pooler can hand over a session in which somebody else has set them.
 *
 * - `datestyle`, `timezone`, `extra_float_digits`: how times and numbers are written as text.
 * - `standard_conforming_strings`: what a backslash in a statement means.
 * - `quote_all_identifiers`: how Postgres writes down a constraint or an index, which the doctor compares.
 * - `exit_on_error`: a row that Postgres refuses would end the connection, and look like a lost database.
 *
 * There are no others, because triggers of users run with them, too, and each costs 5 of the 200 µs of a transaction (one
 * event, Postgres 18 on two cores). All other settings of a session concern plans and resources, or types that our statements
 * do not use: interval, bytea, money, XML, text search. Limits such as `lock_timeout`, and `default_transaction_read_only`,
 * protect a database, so they stay.
 */
const PINNED = {
  datestyle: "'ISO, YMD'",
  timezone: "'UTC'",
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  quote_all_identifiers: 'off',
  exit_on_error: 'off',
};

/** Sets them until the transaction ends: `set local` works behind PgBouncer in transaction mode, startup parameters don't. */
export const PIN_SETTINGS = Object.entries(PINNED)
  .map(([name, value]) => `set local ${name} = ${value}`)
  .join('; ');

/** One row: the schemas of the search path, in order. */
export const READ_SEARCH_PATH = 'select pg_catalog.array_to_json(pg_catalog.current_schemas(false)) as path';

/**
 * Postgres looks for functions and operators in `pg_catalog` first, unless the search path names it after another schema. For
 * such a path, this is the statement that removes the name. Other paths stay as they are, because triggers of users depend on
 * them.
 */
export function pinSearchPath(path: readonly string[]): string | undefined {
  if (path.indexOf('pg_catalog') < 1) return undefined;
  const others = path.filter((name) => name !== 'pg_catalog');
  return `set local search_path = ${others.map(quoteIdentifier).join(', ')}`;
}
