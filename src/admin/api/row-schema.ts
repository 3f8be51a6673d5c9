import { getTableColumns } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import * as v from 'valibot';
import type { RelationComments } from '../../../drizzle/comments/comment-types.ts';

/** A time in UTC, such as `2026-01-31T10:00:00.000Z`. */
export const timeSchema = v.pipe(v.string(), v.isoTimestamp());

/**
 * Describes the rows of a table as the API answers with them, from its columns and their comments.
 *
 * @param without columns that are not in the answer.
 */
export function rowSchema(table: PgTable, comments: RelationComments, without: readonly string[] = []) {
  const columns: Record<string, PgColumn> = getTableColumns(table);
  const shown = Object.entries(columns).filter(([name]) => !without.includes(name));
  return v.object(
    Object.fromEntries(shown.map(([name, column]) => [name, describeColumn(column, comments.columns[name])])),
  );
}

function describeColumn(column: PgColumn, comment = ''): v.GenericSchema {
  const value = chooseSchema(column);
  return v.pipe(column.notNull ? value : v.nullable(value), v.description(comment));
}

function chooseSchema({ dataType }: PgColumn): v.GenericSchema {
  if (dataType === 'date') return timeSchema;
  if (dataType === 'number') return v.number();
  if (dataType === 'boolean') return v.boolean();
  return dataType === 'string' ? v.string() : v.unknown();
}
