import { setFlagsFromString } from 'node:v8';
import type { Config } from '../config/config.ts';
import { migrate, readMigrationState } from '../db/migrations/migrate.ts';
import { createPool, type Pool } from '../db/pool.ts';
import { type DatabaseTarget, nameDatabase } from '../db/target/database-target.ts';
import { createLogger, type Logger } from '../log/logger.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { findUnsafeCommits } from './find-unsafe-commits.ts';
import { type EmbeddedAddress, makeBanner } from './make-banner.ts';
import type { Schedule } from './schedule.ts';
import { scheduleReplays } from './schedule-replays.ts';
import { loadSigningSecret, locateSigningSecret } from './signing-secret.ts';
import { stopOnSignal } from './stop-on-signal.ts';
import { createStopStack, type StopStack } from './stop-stack.ts';
import { waitForDatabase } from './wait-for-database.ts';

/** What the program passes to the service. */
export interface ServeContext {
  readonly loadConfig: () => Config;
  readonly stdout: (text: string) => void;
  /** Whether a person reads stdout: only a terminal is shown the password of the embedded database. */
  readonly isTerminal: boolean;
}

/**
 * Runs the service: brings the database up to date, then takes deliveries until a signal stops it. Resolves when it listens;
 * after that, `stopOnSignal` ends the process. If the start fails, everything that was started is stopped again.
 */
export async function serve(context: ServeContext): Promise<void> {
  const config = context.loadConfig();
  const logger = createLogger({ level: config.logLevel });
  // In the order of starting. A stop goes through it backwards, also in the middle of the start.
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
    // The heap may grow by half between two collections; V8 would let it grow up to four times: 185 MB and not 339 under load.
    // As an option of `node` the flag costs 40 ms of each start: V8 then refuses the compiled code of Node's own modules.
    setFlagsFromString('--heap-growing-percent=50');
  } catch (error) {
    // A signal during the start also makes the start fail. Then the stop of the signal has to end first.
    await stop();
    throw error;
  }
}

interface Scene {
  readonly config: Config;
  readonly logger: Logger;
  readonly started: StopStack;
  /** Aborted when the service stops, also during the start. */
  readonly signal: AbortSignal;
}

async function start(scene: Scene, { stdout, isTerminal }: Pick<ServeContext, 'stdout' | 'isTerminal'>) {
  const { config, logger, started, signal } = scene;
  const tracing = await startTraces(scene);
  // The server code is loaded while the database starts: this saves a fifth of the time until the service is ready.
  const [database, { acceptDeliveries }] = await Promise.all([openDatabase(scene), import('./accept-deliveries.ts')]);
  const secrets = config.secrets ?? [await loadSigningSecret(config.dataDir, logger)];
  const { pool, banner } = database;
  const schedules: Schedule[] = [];
  // They are stopped together with the deliveries, and have ended before the pool closes.
  started.defer(() => Promise.all(schedules.map(({ ended }) => ended)));
  const { target } = database;
  const accepting = { config, secrets, target, pool, logger, tracing };
  const { url, metrics, reconcileWhenDue, keepSending } = await acceptDeliveries(accepting, started);
  stdout(
    makeBanner({
      url,
      database: banner,
      isTerminal,
      secretFile: config.secrets === undefined ? locateSigningSecret(config.dataDir) : undefined,
      adminPath: config.admin?.path,
    }),
  );
  started.defer(() => {
    for (const schedule of schedules) schedule.stop();
  });
  schedules.push(scheduleReplays({ target, deletedUsers: config.deletedUsers, logger, tracing }));
  if (config.retentionDays !== undefined) {
    const { scheduleRetention } = await import('./schedule-retention.ts');
    signal.throwIfAborted();
    schedules.push(scheduleRetention({ target, days: config.retentionDays, logger, metrics }));
  }
  if (config.clerkSecretKey === undefined) return;
  const { setProxy } = await import('./open-api.ts');
  setProxy(config);
  const { reconcileIntervalMs: intervalMs, userUpdatesShare: share } = config;
  if (intervalMs !== undefined) {
    const { scheduleReconcile } = await import('./schedule-reconcile.ts');
    signal.throwIfAborted();
    schedules.push(scheduleReconcile({ reconcileWhenDue, intervalMs, pool, logger, metrics }));
  }
  if (config.sendsUserUpdates) {
    const { scheduleUserUpdates } = await import('./schedule-user-updates.ts');
    signal.throwIfAborted();
    schedules.push(scheduleUserUpdates({ keepSending, share, logger, metrics }));
  }
}

/** Loads what sends traces only if the variables ask for them. It is stopped last: the last deliveries have spans, too. */
async function startTraces({ config, logger, started }: Scene): Promise<Tracing | undefined> {
  if (config.tracing === undefined) return undefined;
  const { startTracing } = await import('../tracing/start-tracing.ts');
  const { tracing, stop } = startTracing(config.tracing, logger);
  started.defer(stop);
  return tracing;
}

/** Opens a pool on the configured database or on the embedded one, and migrates it. */
async function openDatabase(
  scene: Scene,
): Promise<{ pool: Pool; target: DatabaseTarget; banner: string | EmbeddedAddress }> {
  const { config, logger, started } = scene;
  const { target, banner } = await (config.database === undefined
    ? startEmbedded(scene)
    : { target: config.database, banner: nameDatabase(config.database) });
  const options = { target, size: config.databasePoolSize };
  let pool = createPool(options);
  started.defer(() => pool.close());
  await waitForDatabase({ pool, target, logger });
  await bringUpToDate(pool, target, logger);
  if (await findUnsafeCommits(pool, logger)) {
    // Acknowledged means durable, also if the default of the server can lose commits in a crash.
    await pool.close();
    pool = createPool({ ...options, forceSynchronousCommit: true });
  }
  return { pool, target, banner };
}

/** Asks on the connection of the pool first: nearly every start finds nothing to migrate and needs no other connection. */
async function bringUpToDate(pool: Pool, target: DatabaseTarget, logger: Logger): Promise<void> {
  const { state } = await pool.withTransaction(readMigrationState);
  const { applied } = state === 'current' ? { applied: [] } : await migrate(target, { log: logger });
  logger.info({ applied }, 'migrations are current');
}

/** Loaded only if it is needed: with a configured database the service starts without this code. */
async function startEmbedded({ config: { dataDir, databaseSchema: schema }, logger, started, signal }: Scene) {
  const { startEmbeddedPostgres } = await import('../embedded-postgres/start-embedded-postgres.ts');
  signal.throwIfAborted();
  const starting = startEmbeddedPostgres({ dataDir, log: logger, signal });
  // From here on Postgres may run, so a stop waits until that is known. The reason of a failed start is thrown below.
  started.defer(async () => (await starting.catch(() => undefined))?.stop());
  const embedded = await starting;
  return { banner: embedded, target: { ...embedded.target, schema } };
}
