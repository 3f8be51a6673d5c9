import { quoteName } from '../../../db/sql/quote-identifier.ts';
import { type Fault, PART_RULES, type PartWords, type SchemaCheckName } from './part-rules.ts';
import type { PartKind, SchemaPart } from './read-parts.ts';

/** One way in which a schema is not as it should be. */
export interface Difference extends Fault {
  readonly check: SchemaCheckName;
}

/** Finds what is missing in a schema, what is other than expected, and what is not expected and does harm. */
export function compareParts(expected: readonly SchemaPart[], actual: readonly SchemaPart[]): Difference[] {
  const [wanted, found] = [indexParts(expected), indexParts(actual)];
  const isComparable = makeComparable(wanted, found);
  const compare = (part: SchemaPart): Fault | undefined => {
    const { missing, changed } = PART_RULES[part.kind];
    const other = found.get(nameKey(part));
    if (other === undefined) return missing?.(putInWords(part, wanted));
    return other.definition === part.definition ? undefined : changed?.(putInWords(part, wanted, other.definition));
  };
  const refuse = (part: SchemaPart) =>
    wanted.has(nameKey(part)) ? undefined : PART_RULES[part.kind].additional?.(putInWords(part, found));
  const judge = (parts: readonly SchemaPart[], say: (part: SchemaPart) => Fault | undefined) =>
    parts.filter(isComparable).flatMap((part) => {
      const fault = say(part);
      return fault === undefined ? [] : [{ check: PART_RULES[part.kind].check, ...fault }];
    });
  return [...judge(expected, compare), ...judge(actual, refuse)];
}

type Parts = ReadonlyMap<string, SchemaPart>;

function indexParts(parts: readonly SchemaPart[]): Parts {
  return new Map(parts.map((part) => [nameKey(part), part]));
}

function nameKey({ kind, table, name }: Omit<SchemaPart, 'definition'>): string {
  return `${kind} ${table}.${name}`;
}

function putInWords({ table, name, definition }: SchemaPart, parts: Parts, actual = ''): PartWords {
  return {
    table: quoteName(table),
    name: name === '' ? '' : quoteName(name),
    place: name === '' ? table : `${table}.${name}`,
    definition,
    actual,
    find: (kind) => parts.get(nameKey({ kind, table, name }))?.definition,
  };
}

/** A table that is missing is one difference: its columns and indexes are left out. */
function makeComparable(wanted: Parts, found: Parts): (part: SchemaPart) => boolean {
  const isInBoth = (kind: PartKind, table: string, name: string) => {
    const key = nameKey({ kind, table, name });
    return found.has(key) && wanted.has(key);
  };
  const isSameRelation = (table: string) => {
    const key = nameKey({ kind: 'relation', table, name: '' });
    return wanted.has(key) && wanted.get(key)?.definition === found.get(key)?.definition;
  };
  return ({ kind, table, name }) => {
    const owner = PART_RULES[kind].of;
    if (owner === undefined) return true;
    if (owner === 'relation' || name === '') return isSameRelation(table);
    return isSameRelation(table) && (isInBoth('column', table, name) || isInBoth('view column', table, name));
  };
}
