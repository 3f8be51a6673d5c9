/** The first few items, and how many more there are: `a, b, and 3 more`. */
export function listSome(items: readonly string[], most = 5, separator = ', '): string {
  const shown = items.slice(0, most).join(separator);
  return items.length > most ? `${shown}${separator}and ${items.length - most} more` : shown;
}
