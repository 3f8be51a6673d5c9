import { type Column, getTableColumns, getTableName, type Table } from 'drizzle-orm';

/** Columns by name with their SQL types, as `json_to_recordset` wants them. */
export type ColumnTypes = Readonly<Record<string, string>>;

/** The columns of a table, from its one definition. */
export function columnTypes(table: Table): ColumnTypes {
  const columns = Object.values(getTableColumns(table) as Record<string, Column>);
  return Object.fromEntries(columns.map((column) => [column.name, column.getSQLType()]));
}

/** The table's name as statements need it. */
export function qualifiedName(table: Table): string {
  return `clerk.${getTableName(table)}`;
}

/**
 * A statement's rows, given as one parameter: a JSON array of objects. One text for any number of rows keeps the
 * statement the same, and so prepared, for every size of batch; a key that is absent is NULL.
 */
export function recordset(alias: string, columns: ColumnTypes): string {
  const definitions = Object.entries(columns).map(([name, type]) => `${name} ${type}`);
  return `json_to_recordset($1::text::json) as ${alias}(${definitions.join(', ')})`;
}

/** `prefix.a, prefix.b, …` */
export function list(names: readonly string[], prefix?: string): string {
  return names.map((name) => (prefix === undefined ? name : `${prefix}.${name}`)).join(', ');
}
