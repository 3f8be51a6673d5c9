import { createHash } from 'node:crypto';

/**
 * The key of an advisory lock, for a statement. Advisory locks belong to a database. Each schema has its own keys, so copies in
 * two schemas of one database do not wait for each other.
 *
 * @param key of the default schema.
 */
export function makeLockKey(key: number, schema: string): string {
  if (schema === 'clerk') return String(key);
  return String(createHash('sha256').update(`${key} ${schema}`).digest().readBigInt64BE());
}
