import type { Catalog, CatalogRelation } from '../db/read-catalog.ts';
import { compareColumns } from './compare-columns.ts';
import { compareConstraints, compareIndexes } from './compare-definitions.ts';
import type { Difference } from './difference.ts';
import { quoteText } from './wording.ts';

/**
 * Finds where a live schema is not the one that the migrations make. The schema's own comment is left out: where an
 * administrator has made the schema, the program may not write it.
 */
export function compareCatalogs(expected: Catalog, actual: Catalog): Difference[] {
  const present = new Map(actual.relations.map((relation) => [relation.name, relation]));
  const known = new Set(expected.relations.map(({ name }) => name));
  return [
    ...expected.relations.flatMap((relation) => compareRelation(relation, present.get(relation.name))),
    ...actual.relations.filter(({ name }) => !known.has(name)).map(describeAdditional),
  ];
}

function compareRelation(expected: CatalogRelation, actual: CatalogRelation | undefined): Difference[] {
  const { name, kind } = expected;
  if (actual === undefined) return [describeMissing(expected)];
  if (actual.kind !== kind) {
    return [
      {
        kind: 'columns',
        status: 'failed',
        text: `${name} is a ${actual.kind} and should be a ${kind}`,
        remedy: 'Rename what stands in its place, and make it with its statement in migrations/.',
      },
    ];
  }
  if (kind === 'view') return [...compareView(expected, actual), ...compareComments(expected, actual)];
  return [
    ...compareColumns(expected, actual),
    ...compareIndexes(expected, actual),
    ...compareConstraints(expected, actual),
    ...compareComments(expected, actual),
  ];
}

function describeMissing({ name, kind, query }: CatalogRelation): Difference {
  if (kind === 'view') {
    const remedy = `create view clerk.${name} as\n${query}`;
    return { kind: 'view', status: 'failed', text: `the view ${name} is missing`, remedy };
  }
  return {
    kind: 'columns',
    status: 'failed',
    text: `the table ${name} is missing`,
    remedy: 'Restore it from a backup, or make it with its statement in migrations/ and run a backfill.',
  };
}

function describeAdditional({ name, kind }: CatalogRelation): Difference {
  return {
    kind: 'columns',
    status: 'warning',
    text: `the ${kind} ${name} is not clerk-sync's`,
    remedy: 'Keep it in a schema of your own: a later version may want the name.',
  };
}

/** Its columns follow from its query. */
function compareView(expected: CatalogRelation, actual: CatalogRelation): Difference[] {
  if (actual.query === expected.query) return [];
  return [
    {
      kind: 'view',
      status: 'failed',
      text: `the view ${expected.name} says something else than it should`,
      remedy: `create or replace view clerk.${expected.name} as\n${expected.query}`,
    },
  ];
}

function compareComments(expected: CatalogRelation, actual: CatalogRelation): Difference[] {
  const present = new Map(actual.columns.map(({ name, comment }) => [name, comment]));
  const columns = expected.columns
    .filter(({ name, comment }) => present.has(name) && present.get(name) !== comment)
    .map(({ name, comment }) =>
      describeComment(`${expected.name}.${name}`, `column clerk.${expected.name}.${name}`, comment),
    );
  if (actual.comment === expected.comment) return columns;
  return [describeComment(expected.name, `${expected.kind} clerk.${expected.name}`, expected.comment), ...columns];
}

function describeComment(place: string, object: string, comment: string | null): Difference {
  return {
    kind: 'comments',
    status: 'warning',
    text: `the comment of ${place} is another, or gone`,
    remedy: `comment on ${object} is ${comment === null ? 'null' : quoteText(comment)};`,
  };
}
