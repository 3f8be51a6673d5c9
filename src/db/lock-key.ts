import { createHash } from 'node:crypto';

/**
 * The key of an advisory lock, as Postgres takes it in a statement. Postgres knows these locks by database; copies in
 * other schemas of one database have keys of their own, so that none waits for another.
 *
 * @param key of the default schema.
 */
export function makeLockKey(key: number, schema: string): string {
  if (schema === 'clerk') return String(key);
  return String(createHash('sha256').update(`${key} ${schema}`).digest().readBigInt64BE());
}
