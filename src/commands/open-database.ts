import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { DatabaseUnavailableError } from '../db/database-errors.ts';
import { startEmbeddedPostgres } from '../db/embedded-postgres.ts';
import { readMigrationState } from '../db/migrate.ts';
import { createPool, type Pool } from '../db/pool.ts';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { OperatorError } from '../errors.ts';
import { createLogger } from '../logger.ts';
import type { CommandContext } from './command-context.ts';

/** A command works one thing after another; the second connection is for a statement beside a transaction. */
const POOL_SIZE = 2;
/** Nobody waits for a command's answer as Svix does for a delivery's. */
const STATEMENT_TIMEOUT_MS = 60_000;

/**
 * Lends a pool to `work`: on the configured database, or on the embedded one, which is joined where a service already
 * runs it, and stopped again only if nobody else uses it. The target is for who needs a connection beside the pool.
 */
export async function withDatabase<T>(
  { loadConfig, invocation }: Pick<CommandContext, 'loadConfig' | 'invocation'>,
  work: (pool: Pool, config: Config, target: DatabaseTarget) => Promise<T>,
): Promise<T> {
  const config = loadConfig({ takesDeliveries: false });
  return withDatabaseTarget(config, async (target) => {
    const pool = createPool({
      target,
      size: POOL_SIZE,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      applicationName: 'clerk-sync command',
    });
    try {
      await assertMigrated(pool, invocation);
      return await work(pool, config, target);
    } catch (error) {
      throw describeUnavailable(error);
    } finally {
      await pool.close();
    }
  });
}

/** Finds or starts the database for as long as `work` needs it. */
export async function withDatabaseTarget<T>(
  { database, dataDir }: Pick<Config, 'database' | 'dataDir'>,
  work: (target: DatabaseTarget) => Promise<T>,
): Promise<T> {
  if (database !== undefined) return work(database);
  if (!existsSync(join(dataDir, 'postgres'))) {
    throw new OperatorError(
      'no_database',
      `There is no database yet: DATABASE_URL is not set, and ${dataDir} holds none.`,
      {
        hint: 'Start the service once with `npm start`, or set DATABASE_URL.',
        exitCode: 2,
      },
    );
  }
  // Only what is wrong: that Postgres was found running is no news to whoever asked for a list.
  const embedded = await startEmbeddedPostgres({ dataDir, log: createLogger({ level: 'warn' }) });
  try {
    return await work(embedded.target);
  } finally {
    await embedded.stop();
  }
}

async function assertMigrated(pool: Pool, invocation: string): Promise<void> {
  const { state } = await pool.withSession(readMigrationState);
  if (state === 'current') return;
  const older = state === 'missing' || state === 'pending';
  throw new OperatorError(
    'database_not_current',
    older
      ? "The database doesn't have this version's tables yet."
      : 'The database belongs to another version of clerk-sync.',
    {
      hint: older
        ? `Run \`${invocation} migrate\`, or start the service.`
        : 'Use the version of clerk-sync that the service runs.',
    },
  );
}

function describeUnavailable(error: unknown): unknown {
  if (!(error instanceof DatabaseUnavailableError)) return error;
  return new OperatorError('database_unavailable', error.message, {
    hint: 'Look whether Postgres runs, and whether DATABASE_URL is right; then run this again.',
    cause: error,
  });
}
