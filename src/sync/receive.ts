import type { Outcome } from '../../drizzle/schema/codes.ts';
import type { VerifiedDelivery } from '../clerk/webhook/verify-delivery.ts';
import type { DeliverySpan, Tracing } from '../tracing/tracing.ts';
import { type DeliveryEntry, type LetterReason, makeDeliveryEntry } from './batch-entry.ts';
import { getSettled, type Settled, type SettleOptions, type SettleResult, settleEach } from './settle-batch.ts';
import { countUnkeyed, countUnknown } from './snapshots/snapshot.ts';

/** How deliveries wait and are written. */
export interface ReceiverOptions extends SettleOptions {
  /** Batches written at once. Default 2: while one commits, the next is computed. */
  readonly lanes?: number;
  /** The most deliveries in one transaction. Default 200. */
  readonly maxBatch?: number;
  /** Deliveries that may wait. Default 2,000. */
  readonly maxQueued?: number;
  /** Their bodies' lengths added up. Default 64 MiB. */
  readonly maxQueuedBytes?: number;
  /** From arrival to answer. Default 12,000 ms: Svix waits 15 s. */
  readonly deadlineMs?: number;
  /** Told how many deliveries a batch has, before it is written. */
  readonly recordBatch?: ((size: number) => void) | undefined;
  readonly tracing?: Pick<Tracing, 'traceBatch'> | undefined;
}

/** What became of a delivery: ids, types and codes only, fit for a log. */
export interface Receipt {
  readonly outcome: Outcome;
  readonly eventType: string | null;
  readonly userId: string | null;
  /** When Clerk made the event. */
  readonly eventAt: Date;
  /** Texts and numbers that had to be changed for Postgres to take them. */
  readonly sanitized: number;
  /** Children without a key, by their list, if there are any. They are in the user's `extra`. */
  readonly unkeyed?: Readonly<Record<string, number>>;
  /** Properties that have no column, by what they are of: see `countUnknown`. */
  readonly unknown?: Readonly<Record<string, number>>;
  /** Why it is a dead letter. */
  readonly reason?: LetterReason;
}

/** Takes verified deliveries and acknowledges them once they are committed. */
export interface Receiver {
  /**
   * Resolves after the commit that holds the event's effect, its dead letter, or the record that it changes nothing.
   *
   * @throws {QueueFullError | DatabaseUnavailableError} or an unknown error: nothing was
   * decided, the sender must send again.
   */
  receive(delivery: VerifiedDelivery, span?: DeliverySpan): Promise<Receipt>;
  /** Resolves when everything received has been answered. */
  drain(): Promise<void>;
  /** Deliveries that wait for their batch, and those in the batches being written. */
  stats(): { readonly queued: number; readonly inFlight: number };
}

/** Makes the receiver that webhooks end in: read, queue, settle in batches. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const queue = new BatchQueue<DeliveryEntry, SettleResult>({
    process: (entries, timeoutMs) => {
      options.recordBatch?.(entries.length);
      const settle = () => settleEach(options, entries, timeoutMs);
      if (options.tracing === undefined) return settle();
      return options.tracing.traceBatch(
        entries.map(({ span }) => span),
        settle,
      );
    },
    lanes: Math.min(options.lanes ?? 2, options.pool.size),
    maxBatch: options.maxBatch ?? 200,
    maxQueued: options.maxQueued ?? 2000,
    maxQueuedBytes: options.maxQueuedBytes ?? 64 * 1024 * 1024,
    deadlineMs: options.deadlineMs ?? 12_000,
  });
  return {
    async receive(delivery, span) {
      const entry = makeDeliveryEntry(delivery, span);
      return makeReceipt(entry, getSettled(await queue.add(entry, delivery.body.length)));
    },
    drain: () => queue.drain(),
    stats: () => ({ queued: queue.queued, inFlight: queue.inFlight }),
  };
}

function makeReceipt({ message, change, sanitized }: DeliveryEntry, { outcome, letter }: Settled): Receipt {
  const { eventType, userId, eventAt } = message;
  const unkeyed = change.kind === 'snapshot' ? countUnkeyed(change) : {};
  const isWhole = Object.keys(unkeyed).length === 0;
  const unknown = change.kind === 'snapshot' ? countUnknown(change) : undefined;
  return {
    ...{ outcome, eventType, userId, eventAt, sanitized },
    ...(isWhole ? {} : { unkeyed }),
    ...(unknown === undefined ? {} : { unknown }),
    ...(letter === undefined ? {} : { reason: letter.reason }),
  };
}

/** Too much waits to be written. The sender must send again later. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
}

/** How a queue makes batches, and how much may wait. */
export interface BatchQueueOptions<Item, Result> {
  /** Settles a batch within the given time. The results stand in the order of the items. */
  readonly process: (items: readonly Item[], timeoutMs: number) => Promise<readonly Result[]>;
  /** Batches in work at once. */
  readonly lanes: number;
  /** The most items in one batch. */
  readonly maxBatch: number;
  /** How many items may wait. */
  readonly maxQueued: number;
  /** Their sizes added up. */
  readonly maxQueuedBytes: number;
  /** The longest time from the arrival of an item to its answer. */
  readonly deadlineMs: number;
}

interface Waiting<Item, Result> extends PromiseWithResolvers<Result> {
  readonly item: Item;
  readonly bytes: number;
  readonly arrivedAt: number;
}

/** An item that has used this share of its time is refused, not begun. */
const LATEST_BEGIN = 2 / 3;

/**
 * Collects what arrives while a batch is in work into the next one. There is no timer: an item that finds a free lane
 * is processed at once and alone, and batches grow by themselves as the load does.
 */
export class BatchQueue<Item, Result> {
  readonly #options: BatchQueueOptions<Item, Result>;
  readonly #waiting: Waiting<Item, Result>[] = [];
  #waitingBytes = 0;
  #running = 0;
  #inFlight = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: BatchQueueOptions<Item, Result>) {
    this.#options = options;
  }

  /** Items that wait for a lane. */
  get queued(): number {
    return this.#waiting.length;
  }

  /** Items in the batches in work. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Resolves with the item's result.
   *
   * @throws {QueueFullError} at once, or when its turn comes too late; otherwise what `process` threw.
   */
  add(item: Item, bytes: number): Promise<Result> {
    const { maxQueued, maxQueuedBytes } = this.#options;
    if (this.#waiting.length >= maxQueued || this.#waitingBytes + bytes > maxQueuedBytes) {
      return Promise.reject(new QueueFullError('Too many deliveries are waiting to be written.'));
    }
    const waiting = { ...Promise.withResolvers<Result>(), item, bytes, arrivedAt: performance.now() };
    this.#waiting.push(waiting);
    this.#waitingBytes += bytes;
    this.#fillLanes();
    return waiting.promise;
  }

  /** Resolves when nothing waits and nothing is in work. */
  async drain(): Promise<void> {
    while (this.#running > 0) {
      this.#idle ??= Promise.withResolvers();
      await this.#idle.promise;
    }
  }

  #fillLanes(): void {
    while (this.#running < this.#options.lanes && this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      if (batch.length > 0) void this.#run(batch);
    }
    if (this.#running > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  #takeBatch(): Waiting<Item, Result>[] {
    const { maxBatch, deadlineMs } = this.#options;
    const latest = performance.now() - deadlineMs * LATEST_BEGIN;
    const taken = this.#waiting.splice(0, maxBatch);
    for (const { bytes } of taken) this.#waitingBytes -= bytes;
    const [late, batch] = [
      taken.filter((one) => one.arrivedAt < latest),
      taken.filter((one) => one.arrivedAt >= latest),
    ];
    for (const { reject } of late) reject(new QueueFullError('The delivery waited too long to be written.'));
    return batch;
  }

  async #run(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    this.#running += 1;
    this.#inFlight += batch.length;
    try {
      const results = await this.#options.process(
        batch.map(({ item }) => item),
        this.#timeLeft(batch),
      );
      for (const [place, { resolve }] of batch.entries()) resolve(results[place] as Result);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#running -= 1;
      this.#inFlight -= batch.length;
      this.#fillLanes();
    }
  }

  #timeLeft([oldest]: readonly Waiting<Item, Result>[]): number {
    return this.#options.deadlineMs - (performance.now() - (oldest?.arrivedAt ?? 0));
  }
}
