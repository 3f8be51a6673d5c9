import type { RelationComments } from '../drizzle/comments/comment-types.ts';
import { SCHEMA_COMMENT, TABLE_COMMENTS, VIEW_COMMENTS } from '../drizzle/comments.ts';
import { quoteText } from '../src/db/sql/quote-identifier.ts';
import type { Catalog, Relation } from './read-catalog.ts';

/** A comment that the database should have: on what, in SQL, and the text. */
interface Comment {
  readonly object: string;
  readonly text: string;
}

/** The SQL that brings a database's comments to those of drizzle/comments.ts; empty when they are the same. */
export function renderComments(catalog: Catalog): string {
  const present = new Map(listPresent(catalog).map(({ object, text }) => [object, text]));
  const wanted = listWanted();
  const changed = wanted.filter(({ object, text }) => present.get(object) !== text);
  const known = new Set(wanted.map(({ object }) => object));
  const uncommented = [...present.keys()].filter((object) => !known.has(object));
  if (uncommented.length > 0) throw new Error(`drizzle/comments.ts says nothing about: ${uncommented.join(', ')}`);
  return changed.map(renderStatement).join('\n');
}

/** The schema may belong to an administrator who made it for a role that may not make one. */
function renderStatement({ object, text }: Comment): string {
  const statement = `comment on ${object} is ${quoteText(text)};`;
  if (!object.startsWith('schema ')) return statement;
  const owned = "select pg_has_role(nspowner, 'usage') from pg_namespace where nspname = 'clerk'";
  return `do $$ begin\n  if (${owned}) then\n    ${statement}\n  end if;\nend $$;`;
}

function listWanted(): Comment[] {
  return [
    { object: 'schema clerk', text: SCHEMA_COMMENT },
    ...Object.entries(TABLE_COMMENTS).flatMap(([name, comments]) => listRelation('table', name, comments)),
    ...Object.entries(VIEW_COMMENTS).flatMap(([name, comments]) => listRelation('view', name, comments)),
  ];
}

function listPresent({ comment, relations }: Catalog): Comment[] {
  const toComments = ({ comment: self, columns }: Relation) => ({
    self: self ?? '',
    columns: Object.fromEntries(columns.map(({ name, comment: text }) => [name, text ?? ''])),
  });
  return [
    { object: 'schema clerk', text: comment ?? '' },
    ...relations.flatMap((relation) => listRelation(relation.kind, relation.name, toComments(relation))),
  ];
}

function listRelation(kind: Relation['kind'], name: string, { self, columns }: RelationComments): Comment[] {
  return [
    { object: `${kind} clerk.${name}`, text: self },
    ...Object.entries(columns).map(([column, text]) => ({ object: `column clerk.${name}.${column}`, text })),
  ];
}
