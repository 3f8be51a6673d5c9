import type { Pool } from '../pool.ts';

/**
 * A pool that rolls back each transaction after its work. So `--dry-run` says what Postgres would have done, and nothing is
 * written.
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
          // What a commit would check.
          await session.run('set constraints all immediate');
          throw rehearsed;
        }, options);
      } catch (error) {
        if (error !== rehearsed) throw error;
        return rehearsed.result as Awaited<ReturnType<typeof work>>;
      }
    },
    // Whoever opened the real pool closes it.
    close: async () => undefined,
  };
}

/** Thrown to roll back a transaction. It has the result. */
class Rehearsed<T> extends Error {
  override readonly name = 'Rehearsed';
  result: T | undefined;
}
