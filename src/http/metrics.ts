import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ReconcileState } from './find-reconcile-state.ts';
import { type MadeReconcile, registerReconcileMetrics } from './reconcile-metrics.ts';
import { shareInFlight } from './share-in-flight.ts';

export interface MetricsOptions {
  readonly version: string;
  /** The deliveries that wait for the database, and those that it has. */
  readonly readQueue: () => { queued: number; inFlight: number };
  /** Asked at each scrape; a rejection shows as `clerk_sync_database_up 0`, and the scrape goes on. */
  readonly countOpenDeadLetters: () => Promise<readonly { reason: string; count: number }[]>;
  /** The same, for the reconciles. */
  readonly findReconcileState: () => Promise<ReconcileState>;
}

/** One delivery that was answered with 200. */
export interface SettledDelivery {
  readonly outcome: string;
  readonly eventType: string | null;
  /** Texts and numbers that had to be changed for Postgres to take them. */
  readonly sanitized: number;
  /** Children without a key, by their list. */
  readonly unkeyed?: Readonly<Record<string, number>>;
  readonly ms: number;
}

export interface Metrics {
  readonly contentType: string;
  recordDelivery(delivery: SettledDelivery): void;
  /** `reason` is the code of the error: one of ours, never a text of the sender's. */
  recordRejection(reason: string): void;
  recordReconcile(made: MadeReconcile): void;
  /** All metrics in Prometheus's text format. */
  render(): Promise<string>;
}

const USER_EVENTS = new Set(['user.created', 'user.updated', 'user.deleted']);

/** Svix gives up on an attempt after 15 s. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];

/** Creates the metrics of one service, in a registry of their own. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const deliveries = new Counter({
    name: 'clerk_sync_deliveries_total',
    help: 'Verified deliveries that were settled and answered with 200, by what came of them.',
    labelNames: ['outcome', 'type'],
    registers,
  });
  const rejections = new Counter({
    name: 'clerk_sync_rejected_deliveries_total',
    help: 'Deliveries that were not answered with 200, by the code of the error.',
    labelNames: ['reason'],
    registers,
  });
  const durations = new Histogram({
    name: 'clerk_sync_delivery_duration_seconds',
    help: 'From the start of a settled delivery to its commit.',
    buckets: DURATION_BUCKETS,
    registers,
  });
  const sanitized = new Counter({
    name: 'clerk_sync_sanitized_strings_total',
    help: 'Values that Postgres cannot store as sent (U+0000, lone surrogates, numbers out of range) and that were replaced.',
    registers,
  });
  const unkeyed = new Counter({
    name: 'clerk_sync_unkeyed_children_total',
    help: "Children of users that came without an id and were kept in the user's column extra, by their list.",
    labelNames: ['list'],
    registers,
  });
  registerQueueGauges(registry, options);
  registerDatabaseGauges(registry, options);
  const recordReconcile = registerReconcileMetrics(registry, options.findReconcileState);
  registerBuildInfo(registry, options);

  return {
    contentType: registry.contentType,
    recordDelivery(delivery) {
      deliveries.inc({ outcome: delivery.outcome, type: nameType(delivery.eventType) });
      durations.observe(delivery.ms / 1000);
      sanitized.inc(delivery.sanitized);
      for (const [list, children] of Object.entries(delivery.unkeyed ?? {})) unkeyed.inc({ list }, children);
    },
    recordRejection: (reason) => rejections.inc({ reason }),
    recordReconcile,
    render: () => registry.metrics(),
  };
}

/** Clerk has 45 types and adds more: a label for each would let the sender decide how many series there are. */
function nameType(eventType: string | null): string {
  if (eventType === null) return 'unknown';
  return USER_EVENTS.has(eventType) ? eventType : 'other';
}

function registerQueueGauges(registry: Registry, { readQueue }: MetricsOptions): void {
  new Gauge({
    name: 'clerk_sync_queued_deliveries',
    help: 'Verified deliveries that wait for the next transaction.',
    registers: [registry],
    collect() {
      this.set(readQueue().queued);
    },
  });
  new Gauge({
    name: 'clerk_sync_in_flight_deliveries',
    help: 'Verified deliveries in transactions that run now.',
    registers: [registry],
    collect() {
      this.set(readQueue().inFlight);
    },
  });
}

/** A scrape that failed would hide every other metric just when they are needed: no answer is a value, too. */
function registerDatabaseGauges(registry: Registry, { countOpenDeadLetters }: MetricsOptions): void {
  const ask = shareInFlight(countOpenDeadLetters);
  new Gauge({
    name: 'clerk_sync_database_up',
    help: '1 when the database answered this scrape, else 0.',
    registers: [registry],
    async collect() {
      this.set(
        await ask().then(
          () => 1,
          () => 0,
        ),
      );
    },
  });
  new Gauge({
    name: 'clerk_sync_open_dead_letters',
    help: 'Dead letters that wait for an operator, by reason. Absent when the database does not answer.',
    labelNames: ['reason'],
    registers: [registry],
    async collect() {
      this.reset();
      for (const { reason, count } of await ask().catch(() => [])) this.set({ reason }, count);
    },
  });
}

function registerBuildInfo(registry: Registry, { version }: MetricsOptions): void {
  new Gauge({
    name: 'clerk_sync_build_info',
    help: 'Always 1; the labels say what is running.',
    labelNames: ['version', 'node_version'],
    registers: [registry],
  }).set({ version, node_version: process.versions.node }, 1);
}
