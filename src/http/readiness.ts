import { assertWritable, ReadOnlyError } from '../db/errors/read-only.ts';
import { readMigrationState } from '../db/migrations/migrate.ts';
import type { Pool, Session } from '../db/pool.ts';
import type { Logger } from '../log/logger.ts';
import { shareInFlight } from '../metrics/share-in-flight.ts';

/** Whether deliveries can be settled now. If not, a code and a sentence say why. */
export type Readiness =
  | { readonly ready: true }
  | { readonly ready: false; readonly code: string; readonly message: string };

const REASONS = {
  pending: 'The database lacks migrations that this version needs.',
  newer: 'A newer version of clerk-sync has migrated the database.',
  changed: 'The database has other migrations than this version.',
  missing: 'The database does not have the tables of clerk-sync yet.',
};

const STANDBY = { code: 'database_standby', message: 'The database is a standby, which accepts no writes.' };
const READ_ONLY = { code: 'database_read_only', message: 'The database is set to accept no writes.' };

/**
 * Creates the check of `/readyz`: the database answers and accepts writes, and it has the migrations of this version. It makes
 * three small reads. The log says only once that the database accepts no writes, and once that it does again.
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

/** Logs that the database accepts no writes, or accepts them again, when that changes and not at each probe. */
function createWriteLog(logger: Logger) {
  let known: string | undefined;
  return (reason: { code: string; message: string } | undefined) => {
    if (reason?.code === known) return;
    known = reason?.code;
    if (reason === undefined) return logger.info({}, 'the database accepts writes again');
    const { code, message } = reason;
    logger.error({ code }, `${message} Until then, deliveries get a 503 and Clerk sends them again.`);
  };
}

async function inspect(session: Session) {
  await assertWritable(session);
  return readMigrationState(session);
}

/**
 * Whether the database accepts writes, for the metrics.
 *
 * @throws {DatabaseUnavailableError} if it does not answer within two seconds.
 */
export async function canWrite(pool: Pool): Promise<boolean> {
  try {
    await pool.withTransaction(assertWritable, { timeoutMs: 2000 });
    return true;
  } catch (error) {
    if (error instanceof ReadOnlyError) return false;
    throw error;
  }
}
