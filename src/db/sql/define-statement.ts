import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';

/** A statement whose text never changes: prepared once a connection, and found by its name in `test/fixtures/statements.sql`. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

const dialect = new PgDialect();
const defined: Statement[] = [];

/**
 * Renders a statement once. Its parameters are written as `$1`, `$2` …, and given when it runs.
 *
 * @param name what it does, for whoever reads the list of all statements.
 * @throws where a value has slipped into the text, which Drizzle makes a parameter of.
 * @example
 * const FIND = defineStatement('find a user', sql`select ${users.id} from ${users} where ${users.id} = $1`);
 * const rows = await session.run<{ id: string }>(FIND, [id]);
 */
export function defineStatement(name: string, query: SQL): Statement {
  const { sql: text, params } = dialect.sqlToQuery(query);
  if (params.length > 0) throw new Error(`The statement "${name}" holds values: write \`sql.raw\` or a parameter.`);
  const statement = { name, text };
  defined.push(statement);
  return statement;
}

/** All statements of the modules that were loaded so far. */
export function listStatements(): readonly Statement[] {
  return defined;
}
