import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';

/**
 * A statement whose text never changes. Each connection prepares it once. `test/fixtures/statements.sql` has it by its name.
 */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

const dialect = new PgDialect();
const defined: Statement[] = [];

/**
 * Renders a statement once. Its parameters are written as `$1`, `$2` …, and given when it runs.
 *
 * @param name what it does, for people who read the list of all statements.
 * @throws if the text contains a value: Drizzle would make a parameter of it.
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
