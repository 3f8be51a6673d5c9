import { isObject } from '../clerk/user/fields.ts';
import { isUnmistakable, mentions } from './collect-identifiers.ts';

/** What stands where somebody was named. */
export const ERASED = '[erased]';

/**
 * The parts of a filter that hold codes and times. A user name such as "open", or an external id such as "2026", stands
 * there by chance. An address was typed into the wrong field.
 */
const CODES: ReadonlySet<string> = new Set(['origins', 'types', 'reasons', 'paths', 'states', 'since', 'until']);

/** Erases the texts of a filter that name somebody, so that it selects no more rows than before. Codes and times stay. */
export function eraseInFilter(json: string | null, names: readonly string[]): string | null {
  if (json === null) return null;
  const stored: unknown = JSON.parse(json);
  const erased = JSON.stringify(eraseInValue(stored, names));
  return erased === JSON.stringify(stored) ? json : erased;
}

function eraseInValue(value: unknown, names: readonly string[]): unknown {
  if (typeof value === 'string') return mentions(value, names) ? ERASED : value;
  if (Array.isArray(value)) return value.map((inner) => eraseInValue(inner, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      eraseInValue(inner, CODES.has(key) ? names.filter(isUnmistakable) : names),
    ]),
  );
}
