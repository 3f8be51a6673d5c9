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
