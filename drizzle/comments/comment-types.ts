import type { PgTable } from 'drizzle-orm/pg-core';

/** One sentence or more for each column: a missing column, or one that is no longer there, is a type error. */
export type ColumnComments<Table extends PgTable> = Readonly<Record<keyof Table['_']['columns'], string>>;

/** What `COMMENT ON` says about a table or a view, and about each of its columns. */
export interface RelationComments<Columns extends Readonly<Record<string, string>> = Readonly<Record<string, string>>> {
  readonly self: string;
  readonly columns: Columns;
}
