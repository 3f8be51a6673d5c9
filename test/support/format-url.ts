import type { DatabaseTarget } from '../../src/db/target/database-target.ts';

/** A connection string that leads to the host, the user and the database of a target. */
export function formatUrl({ hosts, user, password, database }: DatabaseTarget): string {
  const places = hosts.map(({ host, port }) => `${encodeURIComponent(host)}:${port}`).join(',');
  return `postgres://${[user, String(password ?? '')].map(encodeURIComponent).join(':')}@${places}/${encodeURIComponent(database)}`;
}
