import { createMetrics, type Metrics, type MetricsOptions } from '../../src/metrics/metrics.ts';

/** The metrics of a service that has 7 deliveries waiting, 3 in work, and an empty database. */
export function makeMetrics(options: Partial<MetricsOptions> = {}): Metrics {
  return createMetrics({
    version: '1.2.3',
    readQueue: () => ({ queued: 7, inFlight: 3 }),
    countOpenDeadLetters: async () => [],
    canWrite: async () => true,
    countUsers: async () => [],
    countResolvedDeadLetters: async () => [],
    readPool: () => ({ size: 10, inFlight: 2, waiting: 0, retries: 0 }),
    readActivity: async () => ({ lastDeliveryAgeSeconds: undefined, backfill: undefined, replays: [] }),
    countUnsettledUpdates: async () => [],
    findReconcileState: async () => ({ finishedAt: {}, drift: {}, succeeded: undefined }),
    ...options,
  });
}
