import { boundHeap } from '../bound-heap.ts';
import type { Config } from '../config.ts';
import { migrate, readMigrationState } from '../db/migrate.ts';
import { createPool, type Pool } from '../db/pool.ts';
import { type DatabaseTarget, nameDatabase } from '../db/target/database-target.ts';
import { createLogger, type Logger } from '../logger.ts';
import type { CommandContext } from './command-context.ts';
import { findUnsafeCommits } from './find-unsafe-commits.ts';
import type { ReconcileSchedule } from './reconcile/schedule-reconcile.ts';
import { makeBanner } from './serve-banner.ts';
import { loadSigningSecret, locateSigningSecret } from './signing-secret.ts';
import { stopOnSignal } from './stop-on-signal.ts';
import { waitForDatabase } from './wait-for-database.ts';

/**
 * Runs the service: brings the database up to date, then takes deliveries until a signal stops it. Resolves once it
 * listens; from then on the process ends by `stopOnSignal`. When the start fails, what was started is stopped again.
 */
export async function serve(context: Pick<CommandContext, 'loadConfig' | 'stdout' | 'invocation'>): Promise<void> {
  const config = context.loadConfig();
  const logger = createLogger({ level: config.logLevel });
  // In the order of starting: a stop, also one in the middle of the start, goes through it backwards.
  const started = new AsyncDisposableStack();
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= started.disposeAsync();
    return stopping;
  };
  stopOnSignal({ stop, logger, program: process });
  try {
    await start(config, logger, started, context);
    boundHeap();
  } catch (error) {
    // A signal in the middle of the start makes the start fail, too; then the signal's own end of the program comes first.
    await stop();
    throw error;
  }
}

async function start(
  config: Config,
  logger: Logger,
  started: AsyncDisposableStack,
  { stdout, invocation }: Pick<CommandContext, 'stdout' | 'invocation'>,
): Promise<void> {
  const secrets = config.secrets ?? [await loadSigningSecret(config.dataDir, logger)];
  // What serves is loaded while the database is asked: a fifth of the time until the service is ready.
  const [database, { acceptDeliveries }] = await Promise.all([
    openDatabase(config, logger, started),
    import('./accept-deliveries.ts'),
  ]);
  const { pool, psql } = database;
  let schedule: ReconcileSchedule | undefined;
  // It is stopped together with the deliveries, and waited for before the pool closes.
  started.defer(() => schedule?.ended);
  const { url, metrics } = await acceptDeliveries({ config, secrets, pool, logger }, started);
  stdout(
    makeBanner({
      url,
      database: config.database === undefined ? undefined : nameDatabase(config.database),
      psql,
      secretFile: config.secrets === undefined ? locateSigningSecret(config.dataDir) : undefined,
      invocation,
    }),
  );
  const { clerkSecretKey, reconcileIntervalMs: intervalMs } = config;
  if (clerkSecretKey === undefined || intervalMs === undefined) return;
  const { scheduleReconcile } = await import('./reconcile/schedule-reconcile.ts');
  schedule = scheduleReconcile({ config, intervalMs, pool, target: database.target, logger, metrics });
  started.defer(() => schedule?.stop());
}

/** A pool on the configured database, or on the embedded one; its migrations are current afterwards. */
async function openDatabase(
  config: Config,
  logger: Logger,
  started: AsyncDisposableStack,
): Promise<{ pool: Pool; target: DatabaseTarget; psql: string | undefined }> {
  const { target, psql } = await (config.database === undefined
    ? startEmbedded(config.dataDir, logger, started)
    : { target: config.database, psql: undefined });
  const options = { target, size: config.databasePoolSize };
  let pool = createPool(options);
  started.defer(() => pool.close());
  await waitForDatabase({ pool, target, logger });
  await bringUpToDate(pool, target, logger);
  if (await findUnsafeCommits(pool, logger)) {
    // Acknowledged means durable, also where the server's own default is to let commits be lost in a crash.
    await pool.close();
    pool = createPool({ ...options, forceSynchronousCommit: true });
  }
  return { pool, target, psql };
}

/** Asks over the pool's connection first: nearly every start finds nothing to migrate, and needs no other. */
async function bringUpToDate(pool: Pool, target: DatabaseTarget, logger: Logger): Promise<void> {
  const { state } = await pool.withSession(readMigrationState);
  const { applied } = state === 'current' ? { applied: [] } : await migrate(target, { log: logger });
  logger.info({ applied }, 'migrations are current');
}

/** Loaded where it is needed only: with a database of its own the service starts without it. */
async function startEmbedded(dataDir: string, logger: Logger, started: AsyncDisposableStack) {
  const { startEmbeddedPostgres } = await import('../db/embedded-postgres.ts');
  const embedded = await startEmbeddedPostgres({ dataDir, log: logger });
  started.defer(() => embedded.stop());
  return embedded;
}
