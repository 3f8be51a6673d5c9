import catalog from '../../../../drizzle/catalog.json' with { type: 'json' };
import { TABLE_COMMENTS, VIEW_COMMENTS } from '../../../../drizzle/comments.ts';
import { formatQuantity } from '../../../text/format-quantity.ts';
import { listSome } from '../../../text/list-some.ts';
import type { Check } from '../../check.ts';
import { type Finding, ok, SkippedError } from '../../finding.ts';
import type { Reader } from '../../reader.ts';
import { compareParts, type Difference } from './compare-parts.ts';
import { findMigrationState } from './migrations.ts';
import type { SchemaCheckName } from './part-rules.ts';
import { type PartKind, readParts, type SchemaPart } from './read-parts.ts';

/** What is said of each part that is as it should be. */
const WELL: Readonly<Record<SchemaCheckName, string>> = {
  columns: 'Tables, columns, types, nullability and defaults are those of this version.',
  indexes: 'All indexes are there and valid, and none refuses what Clerk may send.',
  constraints: 'All keys and checks are there, and no others.',
  triggers: 'No trigger or rule is in the way, and no foreign key is switched off.',
  view: 'active_users has the right query.',
  comments: 'Every table and column has its comment.',
};

/** Compares the live schema with the one that the migrations of this version make, one check for each kind of part. */
export const SCHEMA_CHECKS: Readonly<Record<SchemaCheckName, Check>> = {
  columns: makeCheck('columns'),
  indexes: makeCheck('indexes'),
  constraints: makeCheck('constraints'),
  triggers: makeCheck('triggers'),
  view: makeCheck('view'),
  comments: makeCheck('comments'),
};

function makeCheck(name: SchemaCheckName): Check {
  return async ({ read, command }) => {
    const { state } = await read(findMigrationState);
    if (state === 'missing') throw new SkippedError('There are no tables yet.');
    // Their tables are different on purpose.
    if (state === 'pending' || state === 'newer') {
      throw new SkippedError('The tables are of another version: see migrations.');
    }
    const differences = (await read(readDifferences)).filter(({ check }) => check === name);
    return differences.length === 0 ? ok(WELL[name]) : describe(differences, command('doctor --json'));
  };
}

/** As Postgres writes it in definitions. */
const SCHEMA_NAME = "select quote_ident(nspname) as name from pg_namespace where oid = to_regnamespace('clerk')";

function readDifferences(reader: Reader): Promise<Difference[]> {
  return reader.read(async (session) => {
    const [schema] = await session.run<{ name: string }>(SCHEMA_NAME);
    return compareParts(listExpected(schema?.name ?? 'clerk'), await readParts(session));
  });
}

/**
 * What the migrations make in a schema of this name: the definitions as Postgres wrote them, and the comments. The comment
 * of the schema itself is left out: if an administrator has made the schema, the program may not write it.
 */
export function listExpected(schema: string): SchemaPart[] {
  const expected: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>> = catalog;
  const definitions = Object.entries(expected).flatMap(([table, kinds]) =>
    Object.entries(kinds).flatMap(([kind, parts]) =>
      Object.entries(parts).map(([name, definition]) => ({
        kind: kind as PartKind,
        table,
        name,
        definition: definition.replaceAll('clerk.', () => `${schema}.`),
      })),
    ),
  );
  const comments = Object.entries({ ...TABLE_COMMENTS, ...VIEW_COMMENTS }).flatMap(([table, { self, columns }]) =>
    Object.entries({ '': self, ...columns }).map(([name, text]) => ({
      kind: 'comment' as const,
      table,
      name,
      definition: text,
    })),
  );
  return [...definitions, ...comments];
}

const MOST_SHOWN = 4;
/** A longer remedy does not fit on the page. */
const LONGEST_REMEDY = 200;

/** @param command shows all remedies. */
function describe(differences: readonly Difference[], command: string): Finding {
  const texts = differences.map(({ text }) => text);
  const remedies = differences.map(({ remedy }) => remedy).join('\n');
  const isOne = differences.length === 1;
  const fits = isOne && !remedies.includes('\n') && remedies.length < LONGEST_REMEDY;
  return {
    status: differences.some(({ status }) => status === 'failed') ? 'failed' : 'warning',
    finding: isOne
      ? `${capitalize(texts.join(''))}.`
      : `${formatQuantity(texts.length, 'difference')}:\n${listSome(texts, MOST_SHOWN, '\n')}`,
    advice: fits
      ? remedies
      : `\`${command}\` has ${isOne ? 'the statement that repairs it' : 'a statement for each that repairs it'}.`,
    details: { differences: differences.map(({ text, remedy }) => ({ text, remedy })) },
  };
}

/** A text that begins with a name stays as it is. */
function capitalize(text: string): string {
  return text.replace(/^the /, 'The ');
}
