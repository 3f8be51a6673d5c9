import type { VerifiedDelivery } from '../clerk/webhook/verify-delivery.ts';
import { BatchQueue } from './batch-queue.ts';
import { type DeliveryEntry, makeEntry } from './entries/make-entry.ts';
import type { Outcome } from './outcome.ts';
import { getSettled, type SettleOptions, type SettleResult, settleEach } from './settle-batch.ts';
import { countUnkeyed } from './snapshots/snapshot.ts';

export { QueueFullError } from './batch-queue.ts';

export interface ReceiverOptions extends SettleOptions {
  /** Batches written at once. Default 2: while one commits, the next is computed. */
  readonly lanes?: number;
  /** Deliveries in one transaction at the most. Default 200. */
  readonly maxBatch?: number;
  /** Deliveries that may wait. Default 2,000. */
  readonly maxQueued?: number;
  /** Their bodies' lengths added up. Default 64 MiB. */
  readonly maxQueuedBytes?: number;
  /** From arrival to answer. Default 12,000 ms: Svix waits 15 s. */
  readonly deadlineMs?: number;
}

/** What became of a delivery: ids, types and codes only, fit for a log. */
export interface Receipt {
  readonly outcome: Outcome;
  readonly eventType: string | null;
  readonly userId: string | null;
  /** When Clerk made the event. */
  readonly eventAt: Date;
  /** Texts and numbers that were sanitized by something storable. */
  readonly sanitized: number;
  /** Children without a key, by their list, where there are any: they are in the user's `extra`. */
  readonly unkeyed?: Readonly<Record<string, number>>;
  /** Why it is a dead letter. */
  readonly reason?: string;
}

/** Takes verified deliveries and acknowledges them once they are committed. */
export interface Receiver {
  /**
   * Resolves after the commit that holds the event's effect, its dead letter, or the record that it changes nothing.
   *
   * @throws {QueueFullError | DatabaseUnavailableError} or an unknown error: nothing was
   * decided, the sender must send again.
   */
  receive(delivery: VerifiedDelivery): Promise<Receipt>;
  /** Resolves when everything received has been answered. */
  drain(): Promise<void>;
  /** Deliveries that wait for their batch, and those in the batches being written. */
  stats(): { readonly queued: number; readonly inFlight: number };
}

/** Makes the receiver that webhooks end in: read, queue, settle in batches. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const queue = new BatchQueue<DeliveryEntry, SettleResult>({
    process: (entries, timeoutMs) => settleEach(options, entries, timeoutMs),
    lanes: Math.min(options.lanes ?? 2, options.pool.size),
    maxBatch: options.maxBatch ?? 200,
    maxQueued: options.maxQueued ?? 2000,
    maxQueuedBytes: options.maxQueuedBytes ?? 64 * 1024 * 1024,
    deadlineMs: options.deadlineMs ?? 12_000,
  });
  return {
    async receive(delivery) {
      const entry = makeEntry(delivery);
      const { outcome, letter } = getSettled(await queue.add(entry, delivery.body.length));
      const { eventType, userId, eventAt } = entry.message;
      const unkeyed = entry.change.kind === 'snapshot' ? countUnkeyed(entry.change) : {};
      const isWhole = Object.keys(unkeyed).length === 0;
      const receipt = {
        outcome,
        eventType,
        userId,
        eventAt,
        sanitized: entry.sanitized,
        ...(isWhole ? {} : { unkeyed }),
      };
      return letter === undefined ? receipt : { ...receipt, reason: letter.reason };
    },
    drain: () => queue.drain(),
    stats: () => ({ queued: queue.queued, inFlight: queue.inFlight }),
  };
}
