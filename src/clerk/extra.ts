/** Splits an object into the keys we know and the rest, which is kept as `extra`; type tags are dropped. */
export function splitExtra(
  input: Readonly<Record<string, unknown>>,
  known: ReadonlySet<string>,
): { values: Record<string, unknown>; extra: Record<string, unknown> } {
  const values: Record<string, unknown> = {};
  const extra: Record<string, unknown> = {};
  for (const key of Object.keys(input)) {
    if (known.has(key)) values[key] = input[key];
    else if (key !== 'object') extra[key] = input[key];
  }
  return { values, extra };
}
