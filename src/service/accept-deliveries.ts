import type { AdminApp } from '../admin/create-admin-app.ts';
import type { Config } from '../config/config.ts';
import { createPool, type Pool } from '../db/pool.ts';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { countOpenDeadLetters, countResolvedDeadLetters } from '../dead-letters/count-open-dead-letters.ts';
import { createApp, createMetricsApp } from '../http/create-app.ts';
import { type Listening, listen } from '../http/listen.ts';
import { canWrite, createReadinessCheck } from '../http/readiness.ts';
import { type AssembledClerkSync, assembleClerkSync } from '../library/assemble-clerk-sync.ts';
import type { ClerkSync } from '../library/clerk-sync.ts';
import type { Logger } from '../log/logger.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import { findReconcileState } from '../reconcile/find-reconcile-state.ts';
import type { ReceiverOptions } from '../sync/receive.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { countUnsettledUpdates } from '../user-updates/count-unsettled-updates.ts';
import { countUsersByState } from '../users/count-users-by-state.ts';
import { version } from '../version.ts';
import { readActivity } from './read-activity.ts';
import { startHeartbeat } from './start-heartbeat.ts';
import type { StopStack } from './stop-stack.ts';

/** When everything that was accepted is settled, requests get this long to complete: uploads, answers on their way. */
const LAST_ANSWERS_MS = 2000;

/** What the service takes deliveries with. Lanes and batch size are given only by measurements. */
export interface AcceptOptions extends Pick<ReceiverOptions, 'lanes' | 'maxBatch'> {
  readonly config: Config;
  readonly secrets: readonly string[];
  /** Of the configured database, or of the embedded one. */
  readonly target: DatabaseTarget;
  readonly pool: Pool;
  readonly logger: Logger;
  /** Undefined: no traces are made. */
  readonly tracing?: Tracing | undefined;
}

/** A service that takes deliveries. */
export interface Accepting
  extends Pick<Listening, 'url'>,
    Pick<AssembledClerkSync, 'reconcileWhenDue' | 'keepSending'> {
  readonly metrics: Metrics;
}

/** Takes deliveries over HTTP until `started` is disposed of. What was accepted is settled and answered before that ends. */
export async function acceptDeliveries(options: AcceptOptions, started: Pick<StopStack, 'defer'>): Promise<Accepting> {
  const { config, secrets, target, pool, logger, tracing, ...lanes } = options;
  const metrics: Metrics = createMetrics({
    version,
    readQueue: () => receiving.receiver.stats(),
    countOpenDeadLetters: () => countOpenDeadLetters(pool),
    countUsers: () => countUsersByState(pool),
    countResolvedDeadLetters: () => countResolvedDeadLetters(pool),
    readPool: () => pool,
    readActivity: () => readActivity(pool),
    canWrite: () => canWrite(pool),
    findReconcileState: () => findReconcileState(pool),
    countUnsettledUpdates: () => countUnsettledUpdates(pool),
  });
  const settings = {
    ...{ target, secrets, deletedUsers: config.deletedUsers },
    ...{ secretKey: config.clerkSecretKey, apiUrl: config.clerkApiUrl },
  };
  const { recordBatch, readRecent } = metrics;
  const parts = { settings, pool, metrics, logger, tracing, recordBatch, ...lanes };
  const { clerkSync, receiving, ...schedulable } = assembleClerkSync(parts);
  const app = createApp({
    ...receiving,
    tracing,
    admin: await openAdmin({ config, target, clerkSync, logger }, started),
    checkReadiness: createReadinessCheck(pool, logger),
    metrics,
    logger,
    hidesMetrics: config.metricsPort !== undefined,
  });
  const onClientError = (code: string) => metrics.recordRejection(code);
  // Started first and stopped last, so that a stop can be watched.
  await serveMetrics({ config, metrics, logger }, started);
  const listening = await listen({ fetch: app.fetch, host: config.host, port: config.port, onClientError, logger });
  started.defer(() => drain(listening, clerkSync));
  const heartbeat = startHeartbeat({ pool, logger, readRecent, readQueue: () => receiving.receiver.stats() });
  started.defer(() => heartbeat.stop());
  return { url: listening.url, metrics, ...schedulable };
}

/** The page shows what it can in this time, and each of its queries ends. */
const ADMIN_POOL = { size: 3, statementTimeoutMs: 5000, applicationName: 'clerk-sync admin' };

/** Builds the operator's page, if there is a token for it. Its code is loaded only then. */
async function openAdmin(
  { config, target, clerkSync, logger }: Pick<AcceptOptions, 'config' | 'target' | 'logger'> & { clerkSync: ClerkSync },
  started: Pick<StopStack, 'defer'>,
): Promise<AdminApp | undefined> {
  if (config.admin === undefined) return undefined;
  const { createAdminApp } = await import('../admin/create-admin-app.ts');
  const pool = createPool({ ...ADMIN_POOL, target });
  started.defer(() => pool.close());
  const hasSecretKey = config.clerkSecretKey !== undefined;
  const reconcileIntervalMs = hasSecretKey ? config.reconcileIntervalMs : undefined;
  const settings = { deletedUsers: config.deletedUsers, hasSecretKey, reconcileIntervalMs };
  return createAdminApp({ config: config.admin, pool, clerkSync, settings, logger });
}

/** Serves `/metrics` on its own port, if one is configured. */
async function serveMetrics(
  { config, metrics, logger }: Pick<AcceptOptions, 'config' | 'logger'> & { readonly metrics: Metrics },
  started: Pick<StopStack, 'defer'>,
): Promise<void> {
  if (config.metricsPort === undefined) return;
  const { fetch } = createMetricsApp({ metrics, logger });
  const onClientError = (code: string) => metrics.recordStray({ reason: code, signed: false });
  const { host, metricsPort: port } = config;
  const listening = await listen({ fetch, host, port, portVariable: 'METRICS_PORT', onClientError, logger });
  logger.info({ url: `${listening.url}/metrics` }, 'serving metrics on their own port');
  started.defer(() => closeInTime(listening));
}

/**
 * Settles and answers everything that was accepted. A client that is still connected then was promised nothing: if it never
 * completes its request, it must not prevent the stop.
 */
async function drain(listening: Listening, clerkSync: Pick<ClerkSync, 'close'>): Promise<void> {
  const closed = listening.close();
  await clerkSync.close();
  await closeInTime({ ...listening, close: () => closed });
}

async function closeInTime({ close, closeAllConnections }: Listening): Promise<void> {
  const cutOff = setTimeout(closeAllConnections, LAST_ANSWERS_MS);
  await close();
  clearTimeout(cutOff);
}
