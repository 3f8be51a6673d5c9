import { createPool, type Pool } from './pool.ts';
import type { DatabaseTarget } from './target/database-target.ts';

/** Nobody waits for this work, as Svix waits for the answer to a delivery. */
const STATEMENT_TIMEOUT_MS = 60_000;

/** Which database, and how many connections. */
export interface WorkPoolOptions {
  readonly target: DatabaseTarget;
  readonly applicationName: string;
  readonly size: number;
}

/** Lends a pool to work that takes long. Deliveries have another one, so they do not wait for it. */
export async function withWorkPool<T>(options: WorkPoolOptions, work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = createPool({ ...options, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}
