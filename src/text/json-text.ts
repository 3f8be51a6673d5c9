type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

/** Only for a number that would be written in another way: an object for each of 450,000 numbers takes seconds. */
const keepSource: Reviver = (_key, value, { source }) =>
  typeof value === 'number' && source !== undefined && String(value) !== source ? JSON.rawJSON(source) : value;

/** A number that may be written in another way. A match in a string costs time only. */
const SUSPECT_NUMBER = /\d{16}|\d[.eE]|-0/;

/**
 * Parses JSON so that `JSON.stringify` writes every number as it was: a double would lose digits.
 *
 * @throws {SyntaxError}
 */
export function parseKeepingDigits(text: string): unknown {
  const reviver = keepSource as (key: string, value: unknown) => unknown;
  return JSON.parse(text, SUSPECT_NUMBER.test(text) ? reviver : undefined);
}

/** The text, indented if it is JSON, with every digit. Any other text stays as it is. */
export function indentJson(text: string): string {
  try {
    return JSON.stringify(parseKeepingDigits(text.replace(/^\ufeff/, '')), null, 2);
  } catch {
    // Somebody may look at it because it can't be parsed.
    return text;
  }
}
