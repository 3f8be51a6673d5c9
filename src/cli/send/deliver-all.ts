import { createHistogram } from 'node:perf_hooks';
import type { DeliveryResult } from './deliver.ts';
import type { Message } from './message.ts';

/** What a whole run came to; it does not grow with the number of deliveries. */
export interface Totals {
  deliveries: number;
  outcomes: Record<string, number>;
  failures: Failure[];
  /** Attempts beyond each delivery's first. */
  retries: number;
  seconds: number;
  latencyMs: { p50: number; p95: number; p99: number };
  /** The first few, in the order of their answers. */
  results: DeliveryResult[];
}

/** Deliveries that ended alike. */
export interface Failure {
  status: number | null;
  code: string;
  message: string;
  deliveries: number;
}

export interface DeliverAllOptions {
  concurrency: number;
  deliver: (message: Message) => Promise<DeliveryResult>;
  onDelivered: () => void;
}

/** So many results are kept to be shown one by one. */
export const MAX_RESULTS = 10;
/** Wrong secret, wrong address, wrong method: the answer would be the same for every message. */
const HOPELESS = new Set([401, 403, 404, 405]);

/** Sends the messages in order, `concurrency` at a time. The run ends early where going on would be in vain. */
export async function deliverAll(messages: Iterable<Message>, options: DeliverAllOptions): Promise<Totals> {
  const latency = createHistogram();
  const totals: Omit<Totals, 'seconds' | 'latencyMs'> = {
    deliveries: 0,
    outcomes: {},
    failures: [],
    retries: 0,
    results: [],
  };
  const source = messages[Symbol.iterator]();
  let stopped = false;
  const sendFromSource = async () => {
    for (let next = source.next(); !stopped && !next.done; next = source.next()) {
      const result = await options.deliver(next.value);
      addResult(totals, result);
      latency.record(Math.max(1, Math.round(result.ms * 1000)));
      stopped ||= isHopeless(result.status);
      options.onDelivered();
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: options.concurrency }, sendFromSource));
  const percentile = (share: number) => latency.percentile(share) / 1000;
  return {
    ...totals,
    seconds: (performance.now() - startedAt) / 1000,
    latencyMs: { p50: percentile(50), p95: percentile(95), p99: percentile(99) },
  };
}

/** The last answer to a message; one that may pass has been given time to. */
function isHopeless(status: number | null): boolean {
  return status === null || status === 429 || status >= 500 || HOPELESS.has(status);
}

function addResult(totals: Omit<Totals, 'seconds' | 'latencyMs'>, result: DeliveryResult): void {
  totals.deliveries += 1;
  totals.retries += result.attempts - 1;
  if (totals.results.length < MAX_RESULTS) totals.results.push(result);
  if (result.outcome !== null) totals.outcomes[result.outcome] = (totals.outcomes[result.outcome] ?? 0) + 1;
  if (result.error !== null) addFailure(totals.failures, result.status, result.error);
}

function addFailure(
  failures: Failure[],
  status: number | null,
  { code, message }: { code: string; message: string },
): void {
  const known = failures.find((failure) => failure.status === status && failure.code === code);
  if (known === undefined) failures.push({ status, code, message, deliveries: 1 });
  else known.deliveries += 1;
}
