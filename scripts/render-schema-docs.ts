import type { Catalog, Relation } from './read-catalog.ts';
import { renderDiagram } from './render-diagram.ts';

const HEAD = (comment: string) => `# The tables

<!-- Written by \`npm run db:dump\` from the comments in the database. Never edit it: the comments' source is drizzle/comments.ts. -->

${comment}

All tables are in the Postgres schema \`clerk\`. Columns have Clerk's own names. Times are \`timestamp with time zone\`. Objects are
\`jsonb\`, with every digit of every number. What Clerk sends and no column holds is in \`extra\`, so nothing is lost when Clerk adds a
property. The same comments are in the database: \`\\d+ clerk.users\` in \`psql\` shows them. [Queries](queries.md) has examples.
`;

const DIAGRAM = `
## Diagram

It shows the keys only. A dotted line is no foreign key: the row that it leads to may be missing.
`;

/** The reference of all tables for people, in Markdown. */
export function renderSchemaDocs({ comment, relations }: Catalog): string {
  const views = relations.filter(({ kind }) => kind === 'view');
  const tables = relations.filter(({ kind }) => kind === 'table');
  const contents = [...views, ...tables].map(
    (relation) => `- [\`${relation.name}\`](#${relation.name}): ${firstSentence(relation.comment ?? '')}`,
  );
  return [
    HEAD(comment ?? ''),
    contents.join('\n'),
    DIAGRAM,
    renderDiagram(tables),
    ...[...views, ...tables].map(renderRelation),
  ]
    .join('\n')
    .concat('\n');
}

function renderRelation(relation: Relation): string {
  const { name, kind, comment, columns } = relation;
  const rows = columns.map(({ name: column, type, nullable, comment: meaning }) => {
    const required = kind === 'view' || nullable ? '' : ', not null';
    return `| \`${column}\` | ${type}${required} | ${escapeCell(meaning ?? '')} |`;
  });
  return [
    `\n## ${name}`,
    `\n${kind === 'view' ? 'A view. ' : ''}${comment ?? ''}`,
    '\n| column | type | meaning |',
    '|-|-|-|',
    ...rows,
    ...renderDefinitions('Constraints', [...relation.constraints, ...relation.foreignKeys]),
    ...renderDefinitions(
      'Indexes',
      // `CREATE INDEX name ON clerk.table USING btree (column)`: what follows the table is what tells indexes apart.
      relation.indexes.map((index) => ({ ...index, definition: index.definition.replace(/^.* USING /, 'USING ') })),
    ),
  ].join('\n');
}

function renderDefinitions(title: string, definitions: readonly { name: string; definition: string }[]): string[] {
  if (definitions.length === 0) return [];
  return [`\n${title}:\n`, ...definitions.map(({ name, definition }) => `- \`${name}\`: \`${definition}\``)];
}

function firstSentence(text: string): string {
  return /^.*?\.(?= |$)/.exec(text)?.[0] ?? text;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
