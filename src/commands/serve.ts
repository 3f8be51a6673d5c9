import { createVerifier } from '../clerk/verify-delivery.ts';
import type { Config } from '../config.ts';
import { migrate } from '../db/migrate.ts';
import { createPool, type Pool } from '../db/pool.ts';
import { countOpenDeadLetters } from '../http/count-open-dead-letters.ts';
import { createApp } from '../http/create-app.ts';
import { type Listening, listen } from '../http/listen.ts';
import { createMetrics } from '../http/metrics.ts';
import { createReadinessCheck } from '../http/readiness.ts';
import { createLogger, type Logger } from '../logger.ts';
import { createReceiver, type Receiver } from '../sync/receive.ts';
import { version } from '../version.ts';
import type { CommandContext } from './command-context.ts';
import { findUnsafeCommits } from './find-unsafe-commits.ts';
import { makeBanner } from './serve-banner.ts';
import { loadSigningSecret, locateSigningSecret } from './signing-secret.ts';
import { stopOnSignal } from './stop-on-signal.ts';
import { nameDatabase, waitForDatabase } from './wait-for-database.ts';

/** How long requests may take to complete once everything that was accepted is settled: uploads, answers on their way. */
const LAST_ANSWERS_MS = 2000;

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
  const database = await openDatabase(config, logger, started);
  const pool = await openPool(database.url, config, logger, started);
  const { url } = await acceptDeliveries({ config, secrets, pool, logger }, started);
  stdout(
    makeBanner({
      url,
      database: config.databaseUrl === undefined ? undefined : nameDatabase(config.databaseUrl),
      psql: database.psql,
      secretFile: config.secrets === undefined ? locateSigningSecret(config.dataDir) : undefined,
      invocation,
    }),
  );
}

/** The configured database, or the embedded one; its migrations are current afterwards. */
async function openDatabase(
  config: Config,
  logger: Logger,
  started: AsyncDisposableStack,
): Promise<{ url: string; psql: string | undefined }> {
  const database = await (config.databaseUrl === undefined
    ? startEmbedded(config.dataDir, logger, started)
    : { url: config.databaseUrl, psql: undefined });
  await waitForDatabase({ databaseUrl: database.url, logger });
  const { applied } = await migrate(database.url, { log: logger });
  logger.info({ applied }, 'migrations are current');
  return database;
}

/** Loaded where it is needed only: with a database of its own the service starts without it. */
async function startEmbedded(dataDir: string, logger: Logger, started: AsyncDisposableStack) {
  const { startEmbeddedPostgres } = await import('../db/embedded-postgres.ts');
  const embedded = await startEmbeddedPostgres({ dataDir, log: logger });
  started.defer(() => embedded.stop());
  return embedded;
}

/** Acknowledged means durable, also where the server's own default is to let commits be lost in a crash. */
async function openPool(url: string, config: Config, logger: Logger, started: AsyncDisposableStack): Promise<Pool> {
  const options = { url, size: config.databasePoolSize };
  let pool = createPool(options);
  started.defer(() => pool.close());
  if (await findUnsafeCommits(pool, logger)) {
    await pool.close();
    pool = createPool({ ...options, forceSynchronousCommit: true });
  }
  return pool;
}

interface Service {
  readonly config: Config;
  readonly secrets: readonly string[];
  readonly pool: Pool;
  readonly logger: Logger;
}

async function acceptDeliveries(service: Service, started: AsyncDisposableStack): Promise<Listening> {
  const { config, secrets, pool, logger } = service;
  const receiver = createReceiver({ pool, deletedUsers: config.deletedUsers });
  const metrics = createMetrics({
    version,
    readQueue: () => receiver.stats(),
    countOpenDeadLetters: () => countOpenDeadLetters(pool),
  });
  let draining = false;
  const app = createApp({
    verify: createVerifier(secrets),
    receiver,
    checkReadiness: createReadinessCheck(pool, logger),
    metrics,
    logger,
    isDraining: () => draining,
  });
  const onClientError = (code: string) => metrics.recordRejection(code);
  const listening = await listen({ fetch: app.fetch, host: config.host, port: config.port, onClientError, logger });
  started.defer(async () => {
    draining = true;
    await drain(listening, receiver);
  });
  return listening;
}

/**
 * Everything accepted is settled and answered. Then whoever is still connected was promised nothing: a client that
 * never completes its request must not keep the process from stopping.
 */
async function drain(listening: Listening, receiver: Receiver): Promise<void> {
  const closed = listening.close();
  await receiver.drain();
  const cutOff = setTimeout(() => listening.closeAllConnections(), LAST_ANSWERS_MS);
  await closed;
  clearTimeout(cutOff);
}
