type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

const keepSource: Reviver = (_key, value, { source }) =>
  typeof value === 'number' && source !== undefined ? JSON.rawJSON(source) : value;

/**
 * Parses JSON so that `JSON.stringify` writes every number as it was: a double would lose digits.
 *
 * @throws {SyntaxError}
 */
export function parseKeepingDigits(text: string): unknown {
  return JSON.parse(text, keepSource as (key: string, value: unknown) => unknown);
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
