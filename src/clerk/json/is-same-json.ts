import { isObject } from '../user/fields.ts';

/** True for values that `parseJson` has made of the same JSON: keys in any order, numbers by value, each digit counted. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (isNumber(a) || isNumber(b)) return isNumber(a) && isNumber(b) && normalizeNumber(a) === normalizeNumber(b);
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, place) => isSameJson(item, b[place]));
  }
  if (!isObject(a)) return a === b;
  if (!isObject(b)) return false;
  const keys = Object.keys(a);
  const hasSame = (key: string) => Object.hasOwn(b, key) && isSameJson(a[key], b[key]);
  return keys.length === Object.keys(b).length && keys.every(hasSame);
}

/** A number as `parseJson` makes it: a double, or its own digits. */
function isNumber(value: unknown): boolean {
  return typeof value === 'number' || JSON.isRawJSON(value);
}

/** One text for each number: `1.50`, `15e-1` and `0.15E1` are the same. */
function normalizeNumber(value: unknown): string {
  const source = JSON.isRawJSON(value) ? (value as { rawJSON: string }).rawJSON : String(value);
  const [mantissa = '', exponent = '0'] = source.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const place = Number(exponent) - fraction.length + digits.length - significant.length;
  return `${source.startsWith('-') ? '-' : ''}${significant}e${place}`;
}
