import type { Relation } from './read-catalog.ts';

/** Columns that name a row of another table, although no foreign key says so. */
const NAMED_BY_COLUMN: Readonly<Record<string, string>> = { user_id: 'users', message_id: 'webhook_messages' };

/** The keys of all tables and how the tables belong together, as an entity-relationship diagram in Mermaid's language. */
export function renderDiagram(tables: readonly Relation[]): string {
  const shown = tables.filter(({ name }) => name !== 'migrations');
  return ['```mermaid', 'erDiagram', ...shown.flatMap(renderLines), ...shown.flatMap(renderEntity), '```'].join('\n');
}

function renderLines({ name, columns, constraints, foreignKeys }: Relation): string[] {
  const foreign = foreignKeys.map(({ definition }) => {
    const [, column = '', parent = ''] = /^FOREIGN KEY \((.+?)\) REFERENCES \w+\.(\w+)/.exec(definition) ?? [];
    return { column, line: `    ${parent} ||--o{ ${name} : "${column}"` };
  });
  const primary = findPrimaryKey(constraints);
  const loose = columns.flatMap(({ name: column }) => {
    const parent = NAMED_BY_COLUMN[column];
    if (parent === undefined || parent === name || foreign.some((key) => key.column === column)) return [];
    const many = primary.length === 1 && primary[0] === column ? 'o|' : 'o{';
    return [`    ${parent} |o..${many} ${name} : "${column}, no foreign key"`];
  });
  return [...foreign.map(({ line }) => line), ...loose];
}

function renderEntity({ name, columns, constraints, foreignKeys }: Relation): string[] {
  const primary = findPrimaryKey(constraints);
  const rows = columns.flatMap(({ name: column, type }) => {
    const isForeign = foreignKeys.some(({ definition }) => definition.startsWith(`FOREIGN KEY (${column})`));
    const keys = [...(primary.includes(column) ? ['PK'] : []), ...(isForeign ? ['FK'] : [])];
    if (keys.length === 0 && NAMED_BY_COLUMN[column] === undefined) return [];
    return [
      `        ${[type.replace('timestamp with time zone', 'timestamptz'), column, keys.join()].join(' ').trim()}`,
    ];
  });
  return [`    ${name} {`, ...rows, '    }'];
}

function findPrimaryKey(constraints: Relation['constraints']): string[] {
  const keys = constraints.map(({ definition }) => /^PRIMARY KEY \((.+)\)$/.exec(definition)?.[1]);
  return keys.find((key) => key !== undefined)?.split(', ') ?? [];
}
