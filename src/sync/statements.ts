/** Columns by name with their SQL types, as `json_to_recordset` wants them. */
export type ColumnTypes = Readonly<Record<string, string>>;

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
