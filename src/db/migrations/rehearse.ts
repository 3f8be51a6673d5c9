import type { Pool } from '../pool.ts';

/**
 * A pool whose transactions do all their work and are then rolled back: what `--dry-run` says is what Postgres would
 * have done, and nothing is written.
 */
export function createRehearsal(pool: Pool): Pool {
  return {
    size: pool.size,
    get inFlight() {
      return pool.inFlight;
    },
    get waiting() {
      return pool.waiting;
    },
    get retries() {
      return pool.retries;
    },
    async withTransaction(work, options) {
      const rehearsed = new Rehearsed<Awaited<ReturnType<typeof work>>>();
      try {
        return await pool.withTransaction(async (session) => {
          rehearsed.result = await work(session);
          throw rehearsed;
        }, options);
      } catch (error) {
        if (error !== rehearsed) throw error;
        return rehearsed.result as Awaited<ReturnType<typeof work>>;
      }
    },
    // The pool behind it is closed by whoever opened it.
    close: async () => undefined,
  };
}

/** Thrown to have a transaction rolled back, with what it came to. */
class Rehearsed<T> extends Error {
  override readonly name = 'Rehearsed';
  result: T | undefined;
}
