import { DatabaseUnavailableError } from './errors/database-errors.ts';
import { makeLockKey } from './lock-key.ts';
import { createPool, type Session } from './pool.ts';
import type { DatabaseTarget } from './target/database-target.ts';

/**
 * The keys of the locks: "clerk" in ASCII, which is the migrations' lock, and a number. Postgres knows advisory locks by
 * database, so that two copies in one server don't meet.
 */
const KEYS = {
  backfill: 0x63_6c_65_72_6b_01,
  reconcile: 0x63_6c_65_72_6b_02,
  replay: 0x63_6c_65_72_6b_03,
  retention: 0x63_6c_65_72_6b_04,
} as const;

/** The longest time that a timer holds: 24 days. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/** Server-side limits that would end an open transaction; one that this Postgres doesn't know is left out. */
const LIFT_LIMITS = `
  select set_config(name, '0', true) from pg_settings
  where name in ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`;

export interface AdvisoryLock {
  /**
   * Asks the server, over the lock's own connection.
   *
   * @throws {DatabaseUnavailableError} when the lock was lost: another process may hold it.
   */
  assertHeld(): Promise<void>;
}

export interface AdvisoryLockOptions {
  readonly target: DatabaseTarget;
  readonly name: keyof typeof KEYS;
}

export type Locked<T> = { readonly held: true; readonly result: T } | { readonly held: false };

/**
 * Runs `work` if nobody else on this database holds the lock, and doesn't wait for it. The lock is a transaction's, on a
 * connection of its own that nothing else uses: it ends with the connection, so whoever is killed leaves nothing to
 * clean up, and it works behind PgBouncer in transaction mode. Idle, the transaction holds no snapshot, and so keeps
 * vacuum from nothing.
 *
 * @throws {DatabaseUnavailableError} when the lock can't be asked for; and whatever `work` throws.
 */
export async function withAdvisoryLock<T>(
  { target, name }: AdvisoryLockOptions,
  work: (lock: AdvisoryLock) => Promise<T>,
): Promise<Locked<T>> {
  const pool = createPool({ target, size: 1, applicationName: `clerk-sync ${name}` });
  let ended: PromiseSettledResult<T> | undefined;
  try {
    await pool.withTransaction(
      async (session) => {
        if (!(await takeLock(session, { target, name }))) return;
        // What the work throws is none of the transaction's own failures, which the pool judges, and may try again.
        [ended] = await Promise.allSettled([work({ assertHeld: () => assertHeld(session) })]);
      },
      { timeoutMs: NO_LIMIT_MS },
    );
  } catch (error) {
    // The work is done, though the lock was lost before its end was told.
    if (ended === undefined) throw error;
  } finally {
    await pool.close();
  }
  if (ended === undefined) return { held: false };
  if (ended.status === 'rejected') throw ended.reason;
  return { held: true, result: ended.value };
}

async function takeLock(session: Session, { target, name }: AdvisoryLockOptions): Promise<boolean> {
  const key = makeLockKey(KEYS[name], target.schema);
  await session.run(LIFT_LIMITS);
  const [row] = await session.run<{ taken: boolean }>(`select pg_try_advisory_xact_lock(${key}) as taken`);
  return row?.taken === true;
}

async function assertHeld(session: Session): Promise<void> {
  try {
    await session.run('select 1');
  } catch (error) {
    throw new DatabaseUnavailableError('The connection that holds the lock was lost.', { cause: error });
  }
}
