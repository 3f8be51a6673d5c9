import { DatabaseUnavailableError } from './errors/database-errors.ts';
import { makeLockKey } from './lock-key.ts';
import { createPool, type Session } from './pool.ts';
import type { DatabaseTarget } from './target/database-target.ts';

/**
 * The keys of the locks: "clerk" in ASCII, which is the key for migrations, and a number. Advisory locks belong to one
 * database, so two databases of one server have separate locks.
 */
const KEYS = {
  backfill: 0x63_6c_65_72_6b_01,
  reconcile: 0x63_6c_65_72_6b_02,
  replay: 0x63_6c_65_72_6b_03,
  retention: 0x63_6c_65_72_6b_04,
} as const;

/** The longest time that a timer holds: 24 days. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/** Limits of the server that would end an open transaction. Those that this Postgres does not know are left out. */
const LIFT_LIMITS = `
  select set_config(name, '0', true) from pg_settings
  where name in ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`;

/** A lock that is held. */
export interface AdvisoryLock {
  /**
   * Asks the server, over the lock's own connection.
   *
   * @throws {DatabaseUnavailableError} if the lock was lost: another process may hold it.
   */
  assertHeld(): Promise<void>;
}

/** Which lock, and in which database. */
export interface AdvisoryLockOptions {
  readonly target: DatabaseTarget;
  readonly name: keyof typeof KEYS;
}

/** What the work has returned, if the lock was free. */
export type Locked<T> = { readonly held: true; readonly result: T } | { readonly held: false };

/**
 * Runs `work` if nobody else on this database holds the lock. It does not wait for the lock. The lock belongs to a transaction
 * on a connection that nothing else uses. It ends with the connection, so a killed process leaves nothing to clean up, and it
 * works behind PgBouncer in transaction mode. The idle transaction holds no snapshot, so it does not stop vacuum.
 *
 * @throws {DatabaseUnavailableError} if the lock can't be asked for. It also throws what `work` throws.
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
        // The pool judges failures of the transaction, and may try again. What the work throws is no such failure.
        [ended] = await Promise.allSettled([work({ assertHeld: () => assertHeld(session) })]);
      },
      { timeoutMs: NO_LIMIT_MS },
    );
  } catch (error) {
    // The work is done. The lock was lost only after its end.
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
