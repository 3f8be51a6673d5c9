import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { ReconcileState } from '../reconcile/find-reconcile-state.ts';
import type { UnsettledUpdates } from '../user-updates/count-unsettled-updates.ts';
import { type ActivityOptions, registerActivityMetrics } from './activity-metrics.ts';
import { type DatabaseMetricsOptions, registerDatabaseMetrics } from './database-metrics.ts';
import { type DeliveryMetrics, registerDeliveryMetrics } from './delivery-metrics.ts';
import { type MadeReconcile, registerReconcileMetrics } from './reconcile-metrics.ts';
import { registerGauge } from './register-gauge.ts';
import { type RetentionMetrics, registerRetentionMetrics } from './retention-metrics.ts';
import { registerUserUpdateMetrics, type UserUpdateMetrics } from './user-update-metrics.ts';

/** Where the metrics come from. */
export interface MetricsOptions extends DatabaseMetricsOptions, ActivityOptions {
  readonly version: string;
  /** The deliveries that wait for a transaction, and those in a transaction. */
  readonly readQueue: () => { queued: number; inFlight: number };
  /** Asked at each scrape, which continues without an answer. */
  readonly findReconcileState: () => Promise<ReconcileState>;
  /** The same. */
  readonly countUnsettledUpdates: () => Promise<readonly UnsettledUpdates[]>;
}

/** The metrics of the service, and their text. */
export interface Metrics extends DeliveryMetrics, UserUpdateMetrics, RetentionMetrics {
  readonly contentType: string;
  recordReconcile(made: MadeReconcile): void;
  /** All metrics in the text format of Prometheus. */
  render(): Promise<string>;
}

/** Creates the metrics of one service, in their own registry. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const deliveries = registerDeliveryMetrics(registry);
  registerQueueGauges(registry, options);
  registerActivityMetrics(registry, options, () => deliveries.readRecent().lastVerifiedAgeMs);
  registerDatabaseMetrics(registry, options);
  const recordReconcile = registerReconcileMetrics(registry, options.findReconcileState);
  const userUpdates = registerUserUpdateMetrics(registry, options.countUnsettledUpdates);
  const retention = registerRetentionMetrics(registry);
  registerBuildInfo(registry, options);

  return {
    contentType: registry.contentType,
    ...deliveries,
    ...userUpdates,
    ...retention,
    recordReconcile,
    render: () => registry.metrics(),
  };
}

function registerQueueGauges(registry: Registry, { readQueue }: MetricsOptions): void {
  registerGauge(registry, {
    name: 'clerk_sync_queued_deliveries',
    help: 'Verified deliveries that wait for the next transaction.',
    read: () => [{ value: readQueue().queued }],
  });
  registerGauge(registry, {
    name: 'clerk_sync_in_flight_deliveries',
    help: 'Verified deliveries in running transactions.',
    read: () => [{ value: readQueue().inFlight }],
  });
}

function registerBuildInfo(registry: Registry, { version }: MetricsOptions): void {
  new Gauge({
    name: 'clerk_sync_build_info',
    help: 'Always 1. The labels say which versions are running.',
    labelNames: ['version', 'node_version'],
    registers: [registry],
  }).set({ version, node_version: process.versions.node }, 1);
}
