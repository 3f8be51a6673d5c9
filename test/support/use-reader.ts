import { onTestFinished } from 'vitest';
import { createPool, type Session } from '../../src/db/pool.ts';
import { useTestDatabase } from './database.ts';

/** A database, and a way to read it as the program does. */
export async function useReader() {
  const { sql, url, target } = await useTestDatabase();
  const pool = createPool({ target, size: 1 });
  onTestFinished(() => pool.close());
  const read = <T>(work: (session: Session) => Promise<T>) => pool.withTransaction(work);
  return { sql, url, target, pool, read };
}
