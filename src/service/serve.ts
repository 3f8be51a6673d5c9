import type { Config } from '../config/config.ts';
import { migrate, readMigrationState } from '../db/migrations/migrate.ts';
import { createPool, type Pool } from '../db/pool.ts';
import { type DatabaseTarget, nameDatabase } from '../db/target/database-target.ts';
import { createLogger, type Logger } from '../log/logger.ts';
import { boundHeap } from './bound-heap.ts';
import { findUnsafeCommits } from './find-unsafe-commits.ts';
import { makeBanner } from './make-banner.ts';
import type { ReconcileSchedule } from './schedule-reconcile.ts';
import { loadSigningSecret, locateSigningSecret } from './signing-secret.ts';
import { stopOnSignal } from './stop-on-signal.ts';
import { createStopStack, type StopStack } from './stop-stack.ts';
import { waitForDatabase } from './wait-for-database.ts';

/** What the program gives to the service. */
export interface ServeContext {
  readonly loadConfig: () => Config;
  readonly stdout: (text: string) => void;
  /** How to call this program, for what the banner suggests. */
  readonly invocation: string;
}

/**
 * Runs the service: brings the database up to date, then takes deliveries until a signal stops it. Resolves once it
 * listens; from then on the process ends by `stopOnSignal`. When the start fails, what was started is stopped again.
 */
export async function serve(context: ServeContext): Promise<void> {
  const config = context.loadConfig();
  const logger = createLogger({ level: config.logLevel });
  // In the order of starting: a stop, also one in the middle of the start, goes through it backwards.
  const started = createStopStack();
  const interrupted = new AbortController();
  let stopping: Promise<void> | undefined;
  const stop = () => {
    interrupted.abort();
    stopping ??= started.disposeAsync();
    return stopping;
  };
  stopOnSignal({ stop, logger, program: process });
  try {
    await start({ config, logger, started, signal: interrupted.signal }, context);
    boundHeap();
  } catch (error) {
    // A signal in the middle of the start makes the start fail, too; then the signal's own end of the program comes first.
    await stop();
    throw error;
  }
}

interface Scene {
  readonly config: Config;
  readonly logger: Logger;
  readonly started: StopStack;
  /** Aborted when the service stops, be it in the middle of the start. */
  readonly signal: AbortSignal;
}

async function start(scene: Scene, { stdout, invocation }: Pick<ServeContext, 'stdout' | 'invocation'>) {
  const { config, logger, started } = scene;
  // What serves is loaded while the database is asked: a fifth of the time until the service is ready.
  const [database, { acceptDeliveries }] = await Promise.all([openDatabase(scene), import('./accept-deliveries.ts')]);
  const secrets = config.secrets ?? [await loadSigningSecret(config.dataDir, logger)];
  const { pool, address } = database;
  let schedule: ReconcileSchedule | undefined;
  // It is stopped together with the deliveries, and waited for before the pool closes.
  started.defer(() => schedule?.ended);
  const { target } = database;
  const { url, metrics, runs } = await acceptDeliveries({ config, secrets, target, pool, logger }, started);
  stdout(
    makeBanner({
      url,
      database: config.database === undefined ? undefined : nameDatabase(config.database),
      address,
      secretFile: config.secrets === undefined ? locateSigningSecret(config.dataDir) : undefined,
      invocation,
    }),
  );
  const { clerkSecretKey, reconcileIntervalMs: intervalMs } = config;
  if (clerkSecretKey === undefined || intervalMs === undefined) return;
  const { scheduleReconcile } = await import('./schedule-reconcile.ts');
  const { setProxy } = await import('./open-api.ts');
  setProxy(config);
  schedule = scheduleReconcile({ runs, intervalMs, pool, logger, metrics });
  started.defer(() => schedule?.stop());
}

/** A pool on the configured database, or on the embedded one; its migrations are current afterwards. */
async function openDatabase(
  scene: Scene,
): Promise<{ pool: Pool; target: DatabaseTarget; address: string | undefined }> {
  const { config, logger, started } = scene;
  const { target, address } = await (config.database === undefined
    ? startEmbedded(scene)
    : { target: config.database, address: undefined });
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
  return { pool, target, address };
}

/** Asks over the pool's connection first: nearly every start finds nothing to migrate, and needs no other. */
async function bringUpToDate(pool: Pool, target: DatabaseTarget, logger: Logger): Promise<void> {
  const { state } = await pool.withTransaction(readMigrationState);
  const { applied } = state === 'current' ? { applied: [] } : await migrate(target, { log: logger });
  logger.info({ applied }, 'migrations are current');
}

/** Loaded where it is needed only: with a database of its own the service starts without it. */
async function startEmbedded({ config: { dataDir, databaseSchema: schema }, logger, started, signal }: Scene) {
  const { startEmbeddedPostgres } = await import('../embedded-postgres/start-embedded-postgres.ts');
  signal.throwIfAborted();
  const starting = startEmbeddedPostgres({ dataDir, log: logger, signal });
  // From here on Postgres may run: a stop waits until it is known, and whoever awaits the start is told why it failed.
  started.defer(async () => (await starting.catch(() => undefined))?.stop());
  const embedded = await starting;
  return { address: embedded.address, target: { ...embedded.target, schema } };
}
