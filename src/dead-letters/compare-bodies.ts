import { InvalidEventError } from '../clerk/invalid-event-error.ts';
import { parseJson } from '../clerk/json/json.ts';
import { isObject } from '../clerk/user/fields.ts';

/** What an edit has done at one place; the values, which are personal data, are left out. */
export interface BodyChange {
  /** Such as `data.email_addresses[0].id`; empty for the whole body. */
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
}

/** Lists the places where two bodies differ. Order of keys and white space make no difference; what is not JSON differs as a whole. */
export function compareBodies(before: string, after: string): BodyChange[] {
  if (before === after) return [];
  const [old, edited] = [parse(before), parse(after)];
  if (old === undefined || edited === undefined) return [{ path: '', change: 'changed' }];
  return compareValues(old.value, edited.value, '');
}

function parse(body: string): { value: unknown } | undefined {
  try {
    return parseJson(body);
  } catch (error) {
    if (!(error instanceof InvalidEventError)) throw error;
    return undefined;
  }
}

function compareValues(before: unknown, after: unknown, path: string): BodyChange[] {
  const [old, edited] = [listParts(before, path), listParts(after, path)];
  if (old === undefined || edited === undefined || Array.isArray(before) !== Array.isArray(after)) {
    // As text: numbers whose digits are kept are objects.
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, change: 'changed' }];
  }
  return [...new Set([...old.keys(), ...edited.keys()])].flatMap((part): BodyChange[] => {
    if (!edited.has(part)) return [{ path: part, change: 'removed' }];
    if (!old.has(part)) return [{ path: part, change: 'added' }];
    return compareValues(old.get(part), edited.get(part), part);
  });
}

/** The values inside of a list or an object, by their paths; undefined for anything else. */
function listParts(value: unknown, path: string): Map<string, unknown> | undefined {
  if (Array.isArray(value)) return new Map(value.map((inner, place) => [`${path}[${place}]`, inner]));
  if (!isObject(value) || JSON.isRawJSON(value)) return undefined;
  return new Map(Object.entries(value).map(([key, inner]) => [path === '' ? key : `${path}.${key}`, inner]));
}
