/** Longer is no path of Clerk's, and an index has its limits. */
const MAX_LENGTH = 200;

/**
 * Where the first fault is, in a form by which letters of one cause are alike: a path in the body with `[]` for any place
 * in a list, such as `data.email_addresses[].created_at`; for what the database refused, the table and the column. Null
 * where the details name no place.
 */
export function findFailurePath({ issues, table, column }: Readonly<Record<string, unknown>>): string | null {
  const [first] = Array.isArray(issues) ? issues : [];
  const path = typeof first?.path === 'string' ? generalizePath(first.path) : joinNames(table, column);
  return path === '' ? null : path.slice(0, MAX_LENGTH);
}

/** `data.email_addresses[3].id` as `data.email_addresses[].id`. */
export function generalizePath(path: string): string {
  return path.replaceAll(/\[\d+\]/g, '[]');
}

function joinNames(...names: unknown[]): string {
  return names.filter((name) => typeof name === 'string').join('.');
}
