import type postgres from 'postgres';
import { findQueries, readPage } from './markdown.ts';

/** Makes the table of orders that the documentation joins with users, by the statement of docs/reacting.md. */
export async function createOrders(sql: postgres.Sql): Promise<void> {
  const caption = 'A table of your own that refers to users';
  const statement = findQueries(readPage('docs/reacting.md')).find((query) => query.caption === caption);
  if (statement === undefined) throw new Error(`docs/reacting.md has no statement "${caption}".`);
  await sql.unsafe(statement.sql);
}
