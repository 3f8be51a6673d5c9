/**
 * The properties that we do not know, so that nothing is lost when Clerk adds one. Type tags (`object`) are left out:
 * the table says what a row is.
 */
export function findExtra(
  sent: Readonly<Record<string, unknown>>,
  known: ReadonlySet<string>,
): Record<string, unknown> {
  const unknown: [string, unknown][] = [];
  for (const key of Object.keys(sent)) {
    if (!known.has(key) && key !== 'object') unknown.push([key, sent[key]]);
  }
  // Unlike an assignment, this makes a key `__proto__` a key like any other.
  return Object.fromEntries(unknown);
}
