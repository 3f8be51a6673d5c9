import { BatchQueue, type BatchQueueOptions } from '../../src/sync/receive.ts';

/** One call of the queue's `process`. */
export interface Batch {
  readonly items: readonly string[];
  readonly timeoutMs: number;
  /** Settles the batch with a result for each of its items. */
  succeed(): void;
  fail(error: Error): void;
}

/** A queue whose batches stay in work until the test says so. */
export function makeQueue(options: Partial<BatchQueueOptions<string, string>> = {}) {
  const batches: Batch[] = [];
  const queue = new BatchQueue<string, string>({
    lanes: 1,
    maxBatch: 100,
    maxQueued: 1000,
    maxQueuedBytes: 1_000_000,
    deadlineMs: 12_000,
    process: (items, timeoutMs) => {
      const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
      batches.push({ items, timeoutMs, succeed: () => resolve(items.map((item) => `${item} done`)), fail: reject });
      return promise;
    },
    ...options,
  });
  const add = (item: string, bytes = 1) => describeOutcome(queue.add(item, bytes));
  const listItems = () => batches.map(({ items }) => items);
  return { queue, batches, add, listItems };
}

/** What became of a promise, as a value: a rejection that nobody has looked at yet is no failure of the test. */
function describeOutcome(promise: Promise<string>): Promise<string> {
  return promise.catch((error: Error) => `${error.name}: ${error.message}`);
}
