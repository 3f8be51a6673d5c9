/** More waits to be written than can be: the sender shall come again. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
}

export interface BatchQueueOptions<Item, Result> {
  /** Settles a batch within the given time; the results stand in the order of the items. */
  readonly process: (items: readonly Item[], timeoutMs: number) => Promise<readonly Result[]>;
  /** Batches in work at once. */
  readonly lanes: number;
  /** Items in one batch at the most. */
  readonly maxBatch: number;
  /** Items, and their sizes added up, that may wait. */
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
  /** How long an item takes at the most, from its arrival to its answer. */
  readonly deadlineMs: number;
}

interface Waiting<Item, Result> extends PromiseWithResolvers<Result> {
  readonly item: Item;
  readonly bytes: number;
  readonly arrivedAt: number;
}

/** An item that has used up this share of its time is not begun any more. */
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
