import { quoteText } from '../src/db/sql/quote-identifier.ts';
import type { Catalog, Relation } from './read-catalog.ts';

const HEAD = `-- The schema that the migrations make, written by \`npm run db:dump\` and compared by \`npm run db:check\`:
-- what a migration changes shows here as a difference. Never edit it.
`;

/** The schema as SQL that makes it again, in an order that depends on nothing but the schema. */
export function renderSchema({ comment, relations, functions }: Catalog): string {
  return [
    HEAD,
    'create schema clerk;',
    ...comments('schema clerk', comment),
    ...relations.map(renderRelation),
    ...relations.flatMap(renderForeignKeys),
    ...functions.map(({ definition }) => `\n${definition.trimEnd()};`),
    ...relations.flatMap(({ triggers }) => triggers.map(({ definition }) => `\n${definition};`)),
  ]
    .join('\n')
    .concat('\n');
}

function renderRelation(relation: Relation): string {
  const { name, kind, query, indexes, columns } = relation;
  return [
    '',
    kind === 'view' ? `create view clerk.${name} as\n${query}` : renderTable(relation),
    ...indexes.map(({ definition }) => `${definition};`),
    ...comments(`${kind} clerk.${name}`, relation.comment),
    ...columns.flatMap((column) => comments(`column clerk.${name}.${column.name}`, column.comment)),
  ].join('\n');
}

function renderTable({ name, columns, constraints }: Relation): string {
  const lines = [
    ...columns.map(
      (column) => `${column.name} ${column.type}${renderDefault(column.default)}${column.nullable ? '' : ' not null'}`,
    ),
    ...constraints.map((constraint) => `constraint ${constraint.name} ${constraint.definition}`),
  ];
  return `create table clerk.${name} (\n  ${lines.join(',\n  ')}\n);`;
}

function renderDefault(fallback: string | null): string {
  if (fallback === null) return '';
  return fallback.startsWith('generated ') ? ` ${fallback}` : ` default ${fallback}`;
}

/** Last of all tables, since a table's name may come before the name of the table that it refers to. */
function renderForeignKeys({ name, foreignKeys }: Relation): string[] {
  return foreignKeys.map((key) => `\nalter table clerk.${name} add constraint ${key.name} ${key.definition};`);
}

function comments(object: string, comment: string | null): string[] {
  return comment === null ? [] : [`comment on ${object} is ${quoteText(comment)};`];
}
