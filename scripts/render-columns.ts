import { is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import * as schema from '../drizzle/schema/index.ts';

/** Renders `drizzle/columns.ts`: what the write path builds its statements from, without loading Drizzle for it. */
export function renderColumns(): string {
  const tables = Object.values(schema)
    .filter((value) => is(value, PgTable))
    .map((table) => getTableConfig(table))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = tables.flatMap(({ name, columns }) => [
    `  ${name}: {`,
    ...columns.map((column) => `    ${column.name}: '${column.getSQLType()}',`),
    '  },',
  ]);
  return [
    '// Derived from drizzle/schema by `npm run db:dump`. Not to be edited.',
    '',
    "/** Each table's columns with their SQL types, as the tables declare them. */",
    'export const columns = {',
    ...lines,
    '} as const;',
    '',
  ].join('\n');
}
