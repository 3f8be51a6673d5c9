import type { CatalogColumn, CatalogRelation } from '../db/read-catalog.ts';
import type { Difference } from './difference.ts';
import { quoteName } from './wording.ts';

/** Compares a table's columns by name: their order means nothing to the program. */
export function compareColumns(expected: CatalogRelation, actual: CatalogRelation): Difference[] {
  const table = expected.name;
  const present = new Map(actual.columns.map((column) => [column.name, column]));
  const known = new Set(expected.columns.map(({ name }) => name));
  return [
    ...expected.columns.flatMap((column) => compareColumn(table, column, present.get(column.name))),
    ...actual.columns.filter(({ name }) => !known.has(name)).map((column) => describeAdditional(table, column)),
  ];
}

function compareColumn(table: string, expected: CatalogColumn, actual: CatalogColumn | undefined): Difference[] {
  const place = `${table}.${expected.name}`;
  if (actual === undefined) {
    const remedy = `alter table clerk.${table} add column ${expected.name} ${expected.type}${describeRest(expected)};`;
    return [{ kind: 'columns', status: 'failed', text: `${place} is missing`, remedy }];
  }
  const alter = `alter table clerk.${table} alter column ${expected.name}`;
  const differences: Difference[] = [];
  if (actual.type !== expected.type) {
    differences.push({
      kind: 'columns',
      status: 'failed',
      text: `${place} is ${actual.type} and should be ${expected.type}`,
      remedy: `${alter} type ${expected.type} using ${expected.name}::${expected.type};`,
    });
  }
  if (actual.nullable !== expected.nullable) differences.push(compareNullability(place, alter, expected.nullable));
  if (actual.default !== expected.default) {
    differences.push({
      kind: 'columns',
      status: 'warning',
      text: `${place} has another default`,
      remedy: expected.default === null ? `${alter} drop default;` : `${alter} set default ${expected.default};`,
    });
  }
  return differences;
}

function compareNullability(place: string, alter: string, nullable: boolean): Difference {
  return nullable
    ? { kind: 'columns', status: 'failed', text: `${place} refuses null`, remedy: `${alter} drop not null;` }
    : { kind: 'columns', status: 'warning', text: `${place} takes null`, remedy: `${alter} set not null;` };
}

function describeRest({ default: fallback, nullable }: CatalogColumn): string {
  return `${fallback === null ? '' : ` default ${fallback}`}${nullable ? '' : ' not null'}`;
}

/** Nothing that the program writes has a value for it. */
function describeAdditional(table: string, column: CatalogColumn): Difference {
  const place = `${table}.${column.name}`;
  if (column.nullable || column.default !== null) {
    return {
      kind: 'columns',
      status: 'warning',
      text: `${place} is not clerk-sync's`,
      remedy: 'Keep it in a table of your own: a later version may want the name.',
    };
  }
  return {
    kind: 'columns',
    status: 'failed',
    text: `${place} is not clerk-sync's and refuses every new row`,
    remedy: `alter table clerk.${table} alter column ${quoteName(column.name)} drop not null;`,
  };
}
