import type { CatalogDefinition, CatalogRelation } from '../db/read-catalog.ts';
import type { Difference } from './difference.ts';
import { quoteName } from './wording.ts';

/**
 * Compares a table's indexes. One that somebody has added costs time and refuses nothing, so it is nobody's business;
 * a unique one refuses what Clerk may send twice.
 */
export function compareIndexes(expected: CatalogRelation, actual: CatalogRelation): Difference[] {
  const { missing, changed, additional } = compareByName(expected.indexes, actual.indexes);
  return [
    ...missing.map(({ name, definition }) => makeWarning(`the index ${name} is missing`, buildAside(definition))),
    ...changed.map(({ name, definition }) =>
      makeWarning(`the index ${name} is another`, `drop index concurrently clerk.${name}; ${buildAside(definition)}`),
    ),
    ...additional.filter(isUnique).map(({ name }) => ({
      kind: 'indexes' as const,
      status: 'failed' as const,
      text: `the unique index ${name} on ${expected.name} is not clerk-sync's: what it refuses becomes a dead letter`,
      remedy: `drop index clerk.${quoteName(name)};`,
    })),
  ];
}

function makeWarning(text: string, remedy: string): Difference {
  return { kind: 'indexes', status: 'warning', text, remedy };
}

/** Without keeping deliveries waiting. */
function buildAside(definition: string): string {
  return `${definition.replace('CREATE INDEX ', 'CREATE INDEX CONCURRENTLY ')};`;
}

function isUnique({ definition }: CatalogDefinition): boolean {
  return definition.startsWith('CREATE UNIQUE');
}

/** Compares a table's keys, checks and references. */
export function compareConstraints(expected: CatalogRelation, actual: CatalogRelation): Difference[] {
  const table = expected.name;
  const { missing, changed, additional } = compareByName(
    [...expected.constraints, ...expected.foreignKeys],
    [...actual.constraints, ...actual.foreignKeys],
  );
  const alter = `alter table clerk.${table}`;
  const add = ({ name, definition }: CatalogDefinition) => `${alter} add constraint ${name} ${definition};`;
  const drop = (name: string) => `${alter} drop constraint ${quoteName(name)};`;
  return [
    ...missing.map((constraint) => makeFailure(`${constraint.name} is missing`, add(constraint))),
    ...changed.map((constraint) =>
      makeFailure(`${constraint.name} is another`, `${drop(constraint.name)} ${add(constraint)}`),
    ),
    ...additional.map(({ name }) =>
      makeFailure(`${name} on ${table} is not clerk-sync's: what it refuses becomes a dead letter`, drop(name)),
    ),
  ];
}

function makeFailure(text: string, remedy: string): Difference {
  return { kind: 'constraints', status: 'failed', text, remedy };
}

function compareByName(expected: readonly CatalogDefinition[], actual: readonly CatalogDefinition[]) {
  const present = new Map(actual.map(({ name, definition }) => [name, definition]));
  const known = new Set(expected.map(({ name }) => name));
  return {
    missing: expected.filter(({ name }) => !present.has(name)),
    changed: expected.filter(({ name, definition }) => present.has(name) && present.get(name) !== definition),
    additional: actual.filter(({ name }) => !known.has(name)),
  };
}
