import { quoteText } from '../../../db/sql/quote-identifier.ts';
import { ACCEPTED, type PartKind } from './read-parts.ts';

/** The checks that compare the schema. */
export type SchemaCheckName = 'columns' | 'indexes' | 'constraints' | 'triggers' | 'view' | 'comments';

/** What is said of a part that is not as it should be. */
export interface Fault {
  /** `failed` if it loses or refuses what Clerk sends. */
  readonly status: 'warning' | 'failed';
  /** A sentence without its full stop. */
  readonly text: string;
  /** What repairs it: a statement if there is one, else a sentence. */
  readonly remedy: string;
}

/** A part in the words that the rules need. Names are quoted if SQL asks for it, but not in `place`. */
export interface PartWords {
  readonly table: string;
  readonly name: string;
  /** `users`, or `users.gender`. */
  readonly place: string;
  readonly definition: string;
  readonly actual: string;
  /** The definition of another part of the same table and name. */
  readonly find: (kind: PartKind) => string | undefined;
}

type Describe = (part: PartWords) => Fault | undefined;

/** What it means if a part is missing, other than expected, or not expected. Left out: nothing. */
export interface PartRule {
  readonly check: SchemaCheckName;
  /** The part is compared only if both schemas have its table, or its column. */
  readonly of?: 'relation' | 'column';
  readonly missing?: Describe;
  readonly changed?: Describe;
  readonly additional?: Describe;
}

const failed = (text: string, remedy: string): Fault => ({ status: 'failed', text, remedy });
const warning = (text: string, remedy: string): Fault => ({ status: 'warning', text, remedy });

const MOVE = 'Keep it in a schema of your own: a later version may need the name.';
const REMAKE = 'Restore it from a backup. Or make it with its statement in migrations/, and run a backfill.';
const REFUSES = 'what it refuses becomes a dead letter';

const table = (p: PartWords) => `alter table clerk.${p.table}`;
const column = (p: PartWords) => `${table(p)} alter column ${p.name}`;
const add = (p: PartWords) => `${table(p)} add constraint ${p.name} ${p.definition};`;
const drop = (p: PartWords) => `${table(p)} drop constraint ${p.name};`;
/** Deliveries do not wait while it is built. */
const build = (p: PartWords) => `${p.definition.replace(/^CREATE INDEX /, 'CREATE INDEX CONCURRENTLY ')};`;

const setDefault: Describe = (p) =>
  warning(
    `${p.place} has another default`,
    `${column(p)} ${p.definition.startsWith('generated ') ? 'add' : 'set default'} ${p.definition};`,
  );

const setComment: Describe = (p) => {
  const object = p.name === '' ? p.find('relation') : 'column';
  const remedy = `comment on ${object} clerk.${p.place} is ${quoteText(p.definition)};`;
  return warning(`the comment of ${p.place} is missing or changed`, remedy);
};

function describeRest({ find }: PartWords): string {
  const [fallback, notNull] = [find('default'), find('not null')];
  return `${fallback === undefined ? '' : ` default ${fallback}`}${notNull === undefined ? '' : ' not null'}`;
}

/** What each kind of part means. */
export const PART_RULES: Readonly<Record<PartKind, PartRule>> = {
  relation: {
    check: 'columns',
    missing: (p) => (p.definition === 'view' ? undefined : failed(`the table ${p.place} is missing`, REMAKE)),
    changed: (p) =>
      failed(`${p.place} is a ${p.actual} and should be a ${p.definition}`, `Rename what has its name now. ${REMAKE}`),
    additional: (p) => warning(`the ${p.definition} ${p.place} is not clerk-sync's`, MOVE),
  },
  query: {
    check: 'view',
    missing: (p) => failed(`the view ${p.place} is missing`, `create view clerk.${p.table} as\n${p.definition}`),
    changed: (p) =>
      failed(`the view ${p.place} has another query`, `create or replace view clerk.${p.table} as\n${p.definition}`),
  },
  column: {
    check: 'columns',
    of: 'relation',
    missing: (p) =>
      failed(`${p.place} is missing`, `${table(p)} add column ${p.name} ${p.definition}${describeRest(p)};`),
    changed: (p) =>
      failed(
        `${p.place} is ${p.actual} and should be ${p.definition}`,
        `${column(p)} type ${p.definition} using ${p.name}::${p.definition};`,
      ),
    additional: (p) =>
      describeRest(p) === ' not null'
        ? failed(`${p.place} is not clerk-sync's and refuses every new row`, `${column(p)} drop not null;`)
        : warning(`${p.place} is not clerk-sync's`, MOVE),
  },
  // They follow from the query.
  'view column': { check: 'view' },
  'not null': {
    check: 'columns',
    of: 'column',
    missing: (p) => warning(`${p.place} takes null`, `${column(p)} set not null;`),
    additional: (p) => failed(`${p.place} refuses null`, `${column(p)} drop not null;`),
  },
  default: {
    check: 'columns',
    of: 'column',
    missing: setDefault,
    changed: setDefault,
    additional: (p) => warning(`${p.place} has another default`, `${column(p)} drop default;`),
  },
  index: {
    check: 'indexes',
    of: 'relation',
    missing: (p) => warning(`the index ${p.name} is missing`, build(p)),
    changed: (p) => warning(`the index ${p.name} is another`, `drop index concurrently clerk.${p.name}; ${build(p)}`),
    // Any other index costs time and refuses nothing.
    additional: (p) =>
      p.definition.startsWith('CREATE UNIQUE')
        ? failed(
            `the unique index ${p.name} on ${p.table} is not clerk-sync's: ${REFUSES}`,
            `drop index clerk.${p.name};`,
          )
        : undefined,
  },
  constraint: {
    check: 'constraints',
    of: 'relation',
    missing: (p) => failed(`${p.name} is missing`, add(p)),
    changed: (p) => failed(`${p.name} is another`, `${drop(p)} ${add(p)}`),
    additional: (p) => failed(`${p.name} on ${p.table} is not clerk-sync's: ${REFUSES}`, drop(p)),
  },
  comment: { check: 'comments', of: 'column', missing: setComment, changed: setComment },
  'invalid index': {
    check: 'indexes',
    additional: ({ name }) =>
      warning(`the index ${name} is invalid: building it did not end`, `reindex index concurrently clerk.${name};`),
  },
  'unlogged table': {
    check: 'columns',
    additional: (p) => failed(`the table ${p.table} is unlogged: a crash empties it`, `${table(p)} set logged;`),
  },
  function: {
    check: 'triggers',
    missing: (p) => failed(`the function ${p.place} is missing`, `${p.definition.trimEnd()};`),
    changed: (p) => failed(`the function ${p.place} is another`, `${p.definition.trimEnd()};`),
  },
  trigger: {
    check: 'triggers',
    of: 'relation',
    missing: (p) =>
      failed(
        `the trigger ${p.name} on ${p.table} is missing or switched off`,
        `drop trigger if exists ${p.name} on clerk.${p.table}; ${p.definition};`,
      ),
    changed: (p) =>
      failed(
        `the trigger ${p.name} on ${p.table} is another`,
        `drop trigger ${p.name} on clerk.${p.table}; ${p.definition};`,
      ),
    additional: (p) =>
      warning(
        `the trigger ${p.name} on ${p.table} is not clerk-sync's: it runs before the whole user is written, and ${REFUSES}`,
        `Make it deferrable initially deferred: see docs/reacting.md. To keep it as it is: comment on trigger ${p.name} on clerk.${p.table} is '${ACCEPTED}';`,
      ),
  },
  'disabled key': {
    check: 'triggers',
    additional: (p) => failed(`the foreign keys of ${p.table} are switched off`, `${table(p)} enable trigger all;`),
  },
  rule: {
    check: 'triggers',
    additional: (p) =>
      failed(`the rule ${p.name} on ${p.table} changes what is written`, `drop rule ${p.name} on clerk.${p.table};`),
  },
  reference: {
    check: 'constraints',
    additional: (p) =>
      failed(
        `${p.name} of ${p.definition} refers to ${p.table}, whose rows come and go: refer to clerk.users`,
        `alter table ${p.definition} drop constraint ${p.name};`,
      ),
  },
};
