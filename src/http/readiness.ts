import { assertWritable, ReadOnlyError } from '../db/errors/read-only.ts';
import { readMigrationState } from '../db/migrations/migrate.ts';
import type { Pool, Session } from '../db/pool.ts';
import type { Logger } from '../log/logger.ts';
import { shareInFlight } from '../metrics/share-in-flight.ts';

/** Whether deliveries can be settled here now; if not, why, as a code and as a sentence. */
export type Readiness =
  | { readonly ready: true }
  | { readonly ready: false; readonly code: string; readonly message: string };

const REASONS = {
  pending: 'The database lacks migrations that this version needs.',
  newer: 'The database was migrated by a newer version than this.',
  changed: 'The migrations of the database are not the ones of this version.',
  missing: 'The database has no schema of clerk-sync yet.',
};

const STANDBY = { code: 'database_standby', message: 'The database is a standby, which takes no writes.' };
const READ_ONLY = { code: 'database_read_only', message: 'The database is set to take no writes.' };

/**
 * Creates the check behind `/readyz`: the database answers and takes writes, and its migrations are the ones this version
 * knows. Three small reads; that it takes no writes is logged once, until it does again.
 */
export function createReadinessCheck(pool: Pool, logger: Logger): () => Promise<Readiness> {
  const tellWrites = createWriteLog(logger);
  return shareInFlight(async () => {
    try {
      const { state } = await pool.withTransaction(inspect, { timeoutMs: 2000 });
      tellWrites(undefined);
      return state === 'current'
        ? { ready: true }
        : { ready: false, code: `migrations_${state}`, message: REASONS[state] };
    } catch (error) {
      if (error instanceof ReadOnlyError) {
        const reason = error.standby ? STANDBY : READ_ONLY;
        tellWrites(reason);
        return { ready: false, ...reason };
      }
      logger.warn({ err: error }, 'the database did not answer the readiness check');
      return { ready: false, code: 'database_unavailable', message: 'The database does not answer.' };
    }
  });
}

/** Logs that the database takes no writes, or takes them again, when that changes and not at each probe. */
function createWriteLog(logger: Logger) {
  let known: string | undefined;
  return (reason: { code: string; message: string } | undefined) => {
    if (reason?.code === known) return;
    known = reason?.code;
    if (reason === undefined) return logger.info({}, 'The database takes writes again.');
    const { code, message } = reason;
    logger.error({ code }, `${message} Deliveries get 503 until it does; Clerk sends them again.`);
  };
}

async function inspect(session: Session) {
  await assertWritable(session);
  return readMigrationState(session);
}

/** Whether the database takes writes, for the metrics: it gives up after two seconds. */
export async function canWrite(pool: Pool): Promise<boolean> {
  await pool.withTransaction(assertWritable, { timeoutMs: 2000 });
  return true;
}
