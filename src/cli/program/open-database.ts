import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { readMigrationState } from '../../db/migrations/migrate.ts';
import type { Pool, Session } from '../../db/pool.ts';
import type { DatabaseTarget } from '../../db/target/database-target.ts';
import { withWorkPool } from '../../db/with-work-pool.ts';
import { startEmbeddedPostgres } from '../../embedded-postgres/start-embedded-postgres.ts';
import { OperatorError } from '../../errors.ts';
import { createLogger } from '../../log/logger.ts';
import { abortOnSignal, stoppedError } from './abort-on-signal.ts';
import type { CommandContext } from './command-context.ts';

/** A command does one thing after another. The second connection is for a statement beside a transaction. */
const POOL_SIZE = 2;

/**
 * Lends a pool to `work`, on the configured database or on the embedded one. The embedded one is started if it does not run,
 * and stopped if nobody else uses it. The target is for a connection beside the pool.
 */
export async function withDatabase<T>(
  context: Pick<CommandContext, 'loadConfig' | 'progress'>,
  work: (pool: Pool, config: Config, target: DatabaseTarget) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const useTarget = (target: DatabaseTarget, config: Config) =>
    withWorkPool({ target, size: POOL_SIZE, applicationName: 'clerk-sync command' }, async (pool) => {
      await assertMigrated(pool);
      return work(pool, config, target);
    });
  return withDatabaseTarget(context, useTarget, signal);
}

/** Does the work in one transaction of the database. */
export function inTransaction<T>(
  context: Pick<CommandContext, 'loadConfig' | 'progress'>,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return withDatabase(context, (pool) => pool.withTransaction(work));
}

/**
 * Finds or starts the database for as long as `work` needs it. With a `signal`, the work ends by itself when it is aborted.
 * Without one, SIGINT and SIGTERM end the command, and a Postgres that was started for it is stopped.
 */
export async function withDatabaseTarget<T>(
  { loadConfig, progress }: Pick<CommandContext, 'loadConfig' | 'progress'>,
  work: (target: DatabaseTarget, config: Config) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const config = loadConfig({ takesDeliveries: false });
  const { database, databaseSchema: schema, dataDir } = config;
  if (database !== undefined) return work(database, config);
  if (!existsSync(join(dataDir, 'postgres'))) {
    const message = `There is no database yet: DATABASE_URL is not set, and the folder ${dataDir} has none.`;
    const hint = 'Start the service once with `clerk-sync serve`, or set DATABASE_URL.';
    throw new OperatorError('no_database', message, { hint, exitCode: 2 });
  }
  // A script is told only what is wrong. A person is also told why they wait while Postgres starts.
  const log = createLogger({ level: progress === undefined ? 'warn' : 'info' });
  const useEmbedded = async (leaving: AbortSignal, use: (target: DatabaseTarget) => Promise<T>) => {
    const embedded = await startEmbeddedPostgres({ dataDir, log, signal: leaving }).catch((error: unknown) => {
      throw leaving.aborted ? stoppedError('Nothing was changed.') : error;
    });
    return use({ ...embedded.target, schema }).finally(embedded.stop);
  };
  if (signal !== undefined) return useEmbedded(signal, (target) => work(target, config));
  return abortOnSignal((leaving) =>
    useEmbedded(leaving, (target) => Promise.race([work(target, config), failWhenAborted(leaving)])),
  );
}

function failWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(stoppedError('What was done before the signal stays.')));
  });
}

async function assertMigrated(pool: Pool): Promise<void> {
  const { state } = await pool.withTransaction(readMigrationState);
  if (state === 'current') return;
  const isOlder = state === 'missing' || state === 'pending';
  const [message, hint] = isOlder
    ? ['The database does not have the tables of this version yet.', 'Run `clerk-sync migrate`, or start the service.']
    : [
        'The database belongs to another version of clerk-sync.',
        'Use the version of clerk-sync that the service runs.',
      ];
  throw new OperatorError('database_not_current', message, { hint });
}
