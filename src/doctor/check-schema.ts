import catalog from '../../drizzle/catalog.json' with { type: 'json' };
import { type Catalog, readCatalog } from '../db/read-catalog.ts';
import { type Finding, ok } from './check.ts';
import { compareCatalogs } from './compare-catalogs.ts';
import type { Difference, DifferenceKind } from './difference.ts';
import { findHazards } from './find-hazards.ts';
import type { Reader } from './reader.ts';
import { list, quantity } from './wording.ts';

/** What is said of each part where it is as it should be, in the order of the page. */
export const SCHEMA_PARTS: Readonly<Record<DifferenceKind, string>> = {
  columns: 'Tables, columns, types, nullability and defaults are those of this version.',
  indexes: 'All indexes are there and valid, and none refuses what Clerk may send.',
  constraints: 'All keys and checks are there, and no other one.',
  triggers: 'No trigger or rule is in the way, and no foreign key is switched off.',
  view: 'active_users says what it should.',
  comments: 'Every table and column explains itself.',
};

const MOST_SHOWN = 4;
/** What fits on the page. */
const LONGEST_REMEDY = 200;

/** Everything in which the live schema is not the one that the migrations of this version make. */
export function findDifferences(reader: Reader): Promise<Difference[]> {
  return reader.read(async (session) => {
    const [schema] = await session.run<{ name: string }>(SCHEMA_NAME);
    const expected = expectIn(schema?.name ?? 'clerk');
    return [...compareCatalogs(expected, await readCatalog(session)), ...(await findHazards(session))];
  });
}

/** As Postgres writes it in definitions. */
const SCHEMA_NAME = "select quote_ident(nspname) as name from pg_namespace where oid = to_regnamespace('clerk')";

/** What the migrations make in a schema of this name. */
function expectIn(schema: string): Catalog {
  return JSON.parse(JSON.stringify(catalog), (_key, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('clerk.', () => `${schema}.`) : value,
  );
}

/** The differences of one kind as a finding; `command` is what shows all of them. */
export function checkSchemaPart(kind: DifferenceKind, all: readonly Difference[], command: string): Finding {
  const differences = all.filter((difference) => difference.kind === kind);
  const [first] = differences;
  if (first === undefined) return ok(SCHEMA_PARTS[kind]);
  const isOne = differences.length === 1;
  const texts = differences.map(({ text }) => text);
  const fits = !first.remedy.includes('\n') && first.remedy.length < LONGEST_REMEDY;
  return {
    status: differences.some(({ status }) => status === 'failed') ? 'failed' : 'warning',
    finding: isOne
      ? `${capitalize(first.text)}.`
      : `${quantity(texts.length, 'difference')}:\n${list(texts, MOST_SHOWN, '\n')}`,
    advice: isOne && fits ? first.remedy : `\`${command}\` has the statement that puts each right.`,
    details: { differences: differences.map(({ text, remedy }) => ({ text, remedy })) },
  };
}

/** What begins with a name stays as it is. */
function capitalize(text: string): string {
  return text.replace(/^the /, 'The ');
}
