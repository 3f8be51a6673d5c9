import { Counter, Histogram, type Registry } from 'prom-client';
import { createLatencyWindow, type RecentLatency } from './latency-window.ts';
import { registerGauge, toSeries } from './register-gauge.ts';

/** One delivery that was answered with 200. */
export interface SettledDelivery {
  readonly outcome: string;
  readonly eventType: string | null;
  /** When Clerk made the event. */
  readonly eventAt: Date;
  /** How many texts and numbers had to be changed because Postgres can't store them. */
  readonly sanitized: number;
  /** How many children came without a key, by list. */
  readonly unkeyed?: Readonly<Record<string, number>>;
  /** How many properties have no column, by what they are of: `user`, or a list of children. */
  readonly unknown?: Readonly<Record<string, number>>;
  readonly ms: number;
}

/** One request that no route accepts. */
export interface StrayRequest {
  /** The error code of the answer. */
  readonly reason: string;
  /** Whether it has the headers of a signed webhook. The signature is not checked. */
  readonly signed: boolean;
}

/** Counts requests. */
export interface DeliveryMetrics {
  /** When the signature is verified, before the outcome is known. */
  recordVerified(receivedAt: Date): void;
  /** Right after the commit. */
  recordDelivery(delivery: SettledDelivery): void;
  /** `reason` is an error code of clerk-sync, never a text of the sender. */
  recordRejection(reason: string): void;
  recordStray(request: StrayRequest): void;
  /** Before a batch is written. */
  recordBatch(size: number): void;
  /** The last five minutes, and how long ago the last delivery was verified. Undefined: none was since the start. */
  readRecent(): RecentLatency & { readonly lastVerifiedAgeMs: number | undefined };
}

const USER_EVENTS = new Set(['user.created', 'user.updated', 'user.deleted']);

/** Svix gives up on an attempt after 15 s. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];

/** Clerk sends at once. After failures Svix tries again for 27 hours. */
const LAG_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 10_800, 36_000, 108_000];

/** A batch has up to 200 deliveries. */
const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200];

/** Registers the metrics of requests, and returns what counts them. */
export function registerDeliveryMetrics(registry: Registry): DeliveryMetrics {
  const registers = [registry];
  const deliveries = new Counter({
    name: 'clerk_sync_deliveries_total',
    help: 'Verified deliveries that were settled and answered with 200, by outcome and type.',
    labelNames: ['outcome', 'type'],
    registers,
  });
  const rejections = new Counter({
    name: 'clerk_sync_rejected_deliveries_total',
    help: 'Deliveries that were not answered with 200, by error code.',
    labelNames: ['reason'],
    registers,
  });
  const strays = new Counter({
    name: 'clerk_sync_stray_requests_total',
    help: 'Requests that no route accepts, by error code and by whether they have the headers of a webhook.',
    labelNames: ['reason', 'signed'],
    registers,
  });
  let lastVerifiedAt: Date | undefined;
  /** Not by the clock, which may be set back. */
  let verifiedMs: number | undefined;
  registerGauge(registry, {
    name: 'clerk_sync_last_verified_delivery_timestamp_seconds',
    help: 'When this process last received a delivery with a valid signature. Absent before the first one.',
    read: () => toSeries(lastVerifiedAt && lastVerifiedAt.getTime() / 1000),
  });
  const { durations, lags } = registerTimes(registry);
  const batches = registerBatches(registry);
  const recent = createLatencyWindow();
  const sanitized = new Counter({
    name: 'clerk_sync_sanitized_strings_total',
    help: 'Values that were replaced because Postgres cannot store them: U+0000, lone surrogates, numbers out of range.',
    registers,
  });
  const unkeyed = new Counter({
    name: 'clerk_sync_unkeyed_children_total',
    help: 'Child objects that came without an id and were stored in the column extra of their user, by list.',
    labelNames: ['list'],
    registers,
  });
  const unknown = new Counter({
    name: 'clerk_sync_unknown_properties_total',
    help: 'Properties of deliveries that have no column and were stored in extra, by what they are of: user, or a list.',
    labelNames: ['object'],
    registers,
  });
  return {
    recordVerified(receivedAt) {
      lastVerifiedAt = receivedAt;
      verifiedMs = performance.now();
    },
    recordDelivery(delivery) {
      const { outcome, eventType, eventAt, ms } = delivery;
      deliveries.inc({ outcome, type: nameType(eventType) });
      durations.observe(ms / 1000);
      recent.record(ms);
      // A duplicate was committed before: its lag says nothing.
      if (outcome !== 'duplicate') lags.observe(Math.max(0, Date.now() - eventAt.getTime()) / 1000);
      sanitized.inc(delivery.sanitized);
      if (delivery.unkeyed !== undefined) {
        for (const [list, count] of Object.entries(delivery.unkeyed)) unkeyed.inc({ list }, count);
      }
      if (delivery.unknown !== undefined) {
        for (const [object, count] of Object.entries(delivery.unknown)) unknown.inc({ object }, count);
      }
    },
    recordRejection: (reason) => rejections.inc({ reason }),
    recordStray: ({ reason, signed }) => strays.inc({ reason, signed: String(signed) }),
    recordBatch: (size) => batches.observe(size),
    readRecent: () => ({
      ...recent.read(),
      lastVerifiedAgeMs: verifiedMs === undefined ? undefined : performance.now() - verifiedMs,
    }),
  };
}

/** Clerk has 45 types and adds more. With a label for each, the sender would decide how many series there are. */
function nameType(eventType: string | null): string {
  if (eventType === null) return 'unknown';
  return USER_EVENTS.has(eventType) ? eventType : 'other';
}

function registerBatches(registry: Registry): Histogram {
  return new Histogram({
    name: 'clerk_sync_batch_size',
    help: 'Deliveries that were written together, in one transaction unless one of them was refused.',
    buckets: BATCH_BUCKETS,
    registers: [registry],
  });
}

function registerTimes(registry: Registry) {
  const durations = new Histogram({
    name: 'clerk_sync_delivery_duration_seconds',
    help: 'Time from the start of a settled delivery to its commit.',
    buckets: DURATION_BUCKETS,
    registers: [registry],
  });
  const lags = new Histogram({
    name: 'clerk_sync_event_lag_seconds',
    help: 'Time from the timestamp of an event to the commit that settled it. Duplicates are not counted.',
    buckets: LAG_BUCKETS,
    registers: [registry],
  });
  return { durations, lags };
}
