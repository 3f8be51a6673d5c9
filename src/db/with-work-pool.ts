import { createPool, type Pool } from './pool.ts';
import type { DatabaseTarget } from './target/database-target.ts';

/** Nobody waits for the answer of such work, as Svix does for a delivery's. */
const STATEMENT_TIMEOUT_MS = 60_000;

export interface WorkPoolOptions {
  readonly target: DatabaseTarget;
  readonly applicationName: string;
  readonly size: number;
}

/** Lends a pool of its own to work that takes long: deliveries must not wait for it. */
export async function withWorkPool<T>(options: WorkPoolOptions, work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = createPool({ ...options, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}
