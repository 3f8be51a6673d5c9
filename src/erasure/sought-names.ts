import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import { listSql } from '../db/sql/columns.ts';

/** Begins a statement that looks for names. They are its first parameter, a JSON array. */
export const NAMES = sql`with names as materialized (
    select lower(value) as name from json_array_elements_text($1::text::json) as value
  )`;

/**
 * Ends a select of the rows in which one of the names stands. Postgres finds parts of words as well: the program decides.
 * `offset 0` makes the text once for each row. Without it, Postgres would make it again for each name.
 *
 * @param parts the texts of a row.
 * @param within which rows are searched.
 */
export function whereNamed(parts: readonly SQLWrapper[], within: SQL = sql`true`): SQL {
  return sql`cross join lateral (select lower(concat_ws(' ', ${listSql(parts)})) as text offset 0) as searched
  where ${within} and exists (select from names where position(names.name in searched.text) > 0)`;
}
