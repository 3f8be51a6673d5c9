/** A name as Postgres reads it, whatever it is made of. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
