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
 * Defines a statement, which is rendered when it is first used: a start of the service uses few of them. Its parameters are
 * written as `$1`, `$2` …, and given when it runs.
 *
 * @param name what it does, for people who read the list of all statements.
 * @returns a statement whose `text` throws if it contains a value: Drizzle would make a parameter of it.
 * @example
 * const FIND = defineStatement('find a user', sql`select ${users.id} from ${users} where ${users.id} = $1`);
 * const rows = await session.run<{ id: string }>(FIND, [id]);
 */
export function defineStatement(name: string, query: SQL): Statement {
  const statement: Statement = {
    name,
    get text() {
      const text = render(name, query);
      Object.defineProperty(statement, 'text', { value: text, enumerable: true });
      return text;
    },
  };
  defined.push(statement);
  return statement;
}

function render(name: string, query: SQL): string {
  const { sql: text, params } = dialect.sqlToQuery(query);
  if (params.length > 0) throw new Error(`The statement "${name}" holds values: write \`sql.raw\` or a parameter.`);
  return text;
}

/** All statements of the modules that were loaded so far. */
export function listStatements(): readonly Statement[] {
  return defined;
}
