type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

const keepSource: Reviver = (_key, value, { source }) =>
  typeof value === 'number' && source !== undefined ? JSON.rawJSON(source) : value;

/**
 * Parses JSON so that `JSON.stringify` writes every number as it stood there: a double would lose digits.
 *
 * @throws {SyntaxError}
 */
export function parseKeepingDigits(text: string): unknown {
  return JSON.parse(text, keepSource as (key: string, value: unknown) => unknown);
}

/** The text indented where it is JSON, every digit kept; else as it is. */
export function indentJson(text: string): string {
  try {
    return JSON.stringify(parseKeepingDigits(text.replace(/^\ufeff/, '')), null, 2);
  } catch {
    // That it can't be parsed may be the very reason why somebody looks at it.
    return text;
  }
}
