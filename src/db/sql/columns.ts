import { getTableColumns, getTableName, type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { quoteIdentifier, quoteText } from './quote-identifier.ts';

/** A table's columns, in the order of its definition. Those of an alias are written with the alias. */
export function listColumns(table: PgTable): PgColumn[] {
  return Object.values(getTableColumns(table));
}

/** `a, b, …`. Columns are written with the name of their table. */
export function listSql(parts: readonly SQLWrapper[]): SQL {
  return sql.join([...parts], sql`, `);
}

/** The name of a column alone, for the left side of an assignment. */
export function nameOf(column: PgColumn): SQL {
  return sql`${sql.identifier(column.name)}`;
}

/** The names of columns alone, for an insert. */
export function namesOf(columns: readonly PgColumn[]): SQL {
  return listSql(columns.map(nameOf));
}

/** `a = excluded.a, b = excluded.b, …` */
export function assign(columns: readonly PgColumn[], source: PgTable): SQL {
  const values: Record<string, PgColumn> = getTableColumns(source);
  return listSql(columns.map((column) => sql`${nameOf(column)} = ${values[column.name]}`));
}

/**
 * The rows of a statement, from its first parameter: a JSON array of objects. The statement is the same for any number of rows,
 * so it stays prepared. An absent key is NULL.
 *
 * @param columns of an alias. The rows get its name, and the names and types of these columns.
 * @param others further names with their types.
 */
export function recordset(columns: readonly PgColumn[], others: Readonly<Record<string, string>> = {}): SQL {
  const [first] = columns;
  if (first === undefined) throw new Error('Rows have at least one column.');
  const definitions = [
    ...columns.map((column) => sql`${nameOf(column)} ${sql.raw(column.getSQLType())}`),
    ...Object.entries(others).map(([name, type]) => sql.raw(`${quoteIdentifier(name)} ${type}`)),
  ];
  return sql`json_to_recordset($1::text::json) as ${sql.identifier(getTableName(first.table))}(${listSql(definitions)})`;
}

/** A text of the program itself, as a literal. */
export function literal(text: string): SQL {
  return sql.raw(quoteText(text));
}
