import { parseJson } from '../clerk/json/parse-json.ts';
import { isObject } from '../clerk/user/fields.ts';

/** What an edit has done at one place. The values are left out: they are personal data. */
export interface BodyChange {
  /** Such as `data.email_addresses[0].id`. Empty for the whole body. */
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
}

/** Lists the places where two bodies differ. The order of keys and white space make no difference. What is not JSON differs as a whole. */
export function compareBodies(before: string, after: string): BodyChange[] {
  if (before === after) return [];
  const [old, edited] = [parseJson(before), parseJson(after)];
  if ('unreadable' in old || 'unreadable' in edited) return [{ path: '', change: 'changed' }];
  return compareValues(old.value, edited.value, '');
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

/** The values inside of a list or an object, by their paths. Undefined for anything else. */
function listParts(value: unknown, path: string): Map<string, unknown> | undefined {
  if (Array.isArray(value)) return new Map(value.map((inner, place) => [`${path}[${place}]`, inner]));
  if (!isObject(value) || JSON.isRawJSON(value)) return undefined;
  return new Map(Object.entries(value).map(([key, inner]) => [path === '' ? key : `${path}.${key}`, inner]));
}
