import { createHistogram } from 'node:perf_hooks';
import { type DeliveryResult, isTransient, type Message } from './deliver.ts';

/** The numbers of a whole run, with the names of `send --json`. They need no more memory for more deliveries. */
export interface Totals {
  readonly deliveries: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  /** All attempts except the first one of each delivery. */
  readonly retries: number;
  readonly seconds: number;
  readonly deliveries_per_second: number;
  readonly latency_ms: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** The first few, in the order of their answers. */
  readonly results: readonly DeliveryResult[];
}

/** Deliveries that failed in the same way. */
export interface Failure {
  readonly status: number | null;
  readonly code: string;
  readonly message: string;
  deliveries: number;
}

/** How a run sends its messages. */
export interface DeliverAllOptions {
  readonly concurrency: number;
  readonly deliver: (message: Message) => Promise<DeliveryResult>;
  readonly onDelivered: () => void;
  readonly signal?: AbortSignal;
}

/** Up to this many results are kept, to be shown one by one. */
export const MAX_RESULTS = 10;
/** A wrong secret, address or method: the answer would be the same for every message. */
const HOPELESS = new Set([401, 403, 404, 405]);

/** Sends the messages in order, `concurrency` at a time. The run ends early if each further answer would be the same. */
export async function deliverAll(messages: Iterable<Message>, options: DeliverAllOptions): Promise<Totals> {
  const latency = createHistogram();
  const counts = { deliveries: 0, retries: 0 };
  const outcomes: Record<string, number> = {};
  const failures: Failure[] = [];
  const results: DeliveryResult[] = [];
  const source = messages[Symbol.iterator]();
  let stopped = false;
  const add = (result: DeliveryResult) => {
    const { status, outcome, error, attempts, ms } = result;
    counts.deliveries += 1;
    counts.retries += attempts - 1;
    latency.record(Math.round(ms * 1000));
    if (results.length < MAX_RESULTS) results.push(result);
    if (outcome !== null) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (error !== null) addFailure(failures, { status, ...error });
    // A transient answer is the last one of several attempts.
    stopped ||= isTransient(status) || HOPELESS.has(status ?? 0);
  };
  const sendFromSource = async () => {
    while (!stopped && options.signal?.aborted !== true) {
      const next = source.next();
      if (next.done) return;
      add(await options.deliver(next.value));
      options.onDelivered();
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: options.concurrency }, sendFromSource));
  const seconds = (performance.now() - startedAt) / 1000;
  const percentile = (share: number) => round(latency.percentile(share) / 1000, 1);
  return {
    ...counts,
    outcomes,
    failures,
    seconds: round(seconds, 2),
    deliveries_per_second: Math.round(counts.deliveries / seconds),
    latency_ms: { p50: percentile(50), p95: percentile(95), p99: percentile(99) },
    results,
  };
}

function addFailure(failures: Failure[], failure: Omit<Failure, 'deliveries'>): void {
  const known = failures.find(({ status, code }) => status === failure.status && code === failure.code);
  if (known === undefined) failures.push({ ...failure, deliveries: 1 });
  else known.deliveries += 1;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
