import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { Parameter } from '../connection/connection.ts';

/** A statement that was composed for one call, with its parameters. It is not prepared: the next one has another text. */
export interface Query {
  readonly text: string;
  readonly parameters: Parameter[];
}

const dialect = new PgDialect();

/**
 * Renders a statement whose text depends on the call, such as one with filters. Its values become parameters.
 *
 * @example
 * const [row] = await session.run(makeQuery(sql`select count(*) from ${users} where ${toCondition(filter)}`));
 */
export function makeQuery(query: SQL): Query {
  const { sql: text, params } = dialect.sqlToQuery(query);
  return { text, parameters: params as Parameter[] };
}
