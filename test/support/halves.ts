import { onTestFinished } from 'vitest';
import { DatabaseUnavailableError, findSqlState } from '../../src/db/errors/database-errors.ts';
import { createPool, type Pool, type PoolOptions } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { type TestDatabase, useTestDatabase } from './database.ts';

/** Every transaction writes two of these: both, or none. */
export const INSERT = 'insert into halves (transaction, half) values ($1, $2)';

/** A pool on a database of the running test's own, with a table for the halves of transactions. */
export async function usePool(options: Partial<PoolOptions> = {}): Promise<{ database: TestDatabase; pool: Pool }> {
  const database = await useTestDatabase({ from: 'nothing' });
  await database.sql`create table halves (transaction int, half text check (half <> 'refused'), primary key (transaction, half))`;
  const pool = createPool({ target: parseDatabaseUrl(database.url), size: 1, ...options });
  onTestFinished(() => pool.close());
  return { database, pool };
}

/** What a promise came to, in a word. */
export async function describeOutcome(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'committed',
    (error: unknown) => {
      if (error instanceof DatabaseUnavailableError) return 'unavailable';
      return findSqlState(error) ?? String(error);
    },
  );
}
