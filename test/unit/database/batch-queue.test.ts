import { afterEach, describe, expect, test, vi } from 'vitest';
import { QueueFullError } from '../../../src/sync/receive.ts';
import { makeQueue } from '../../support/make-queue.ts';

const TOO_MANY = 'QueueFullError: Too many deliveries are waiting to be written.';
const TOO_LATE = 'QueueFullError: The delivery waited too long to be written.';

/** Lets everything run that waits for nothing but promises. */
const settlePromises = () => new Promise((resolve) => setImmediate(resolve));

/** `setImmediate` stays real: the tests wait with it. */
const useFakeClock = () => vi.useFakeTimers({ toFake: ['performance', 'Date', 'setTimeout'] });
afterEach(() => void vi.useRealTimers());

describe('batching', () => {
  test('an item that finds a free lane is processed at once and alone', async () => {
    const { queue, batches, add, listItems } = makeQueue();
    const outcome = add('a');
    expect({ items: listItems(), queued: queue.queued, inFlight: queue.inFlight }).toEqual({
      items: [['a']],
      queued: 0,
      inFlight: 1,
    });
    batches[0]?.succeed();
    expect(await outcome).toBe('a done');
    expect({ queued: queue.queued, inFlight: queue.inFlight }).toEqual({ queued: 0, inFlight: 0 });
  });

  test('what arrives while the lane is busy becomes one batch, in the order of arrival', async () => {
    const { queue, batches, add, listItems } = makeQueue();
    const outcomes = ['a', 'b', 'c', 'd'].map((item) => add(item));
    expect({ items: listItems(), queued: queue.queued }).toEqual({ items: [['a']], queued: 3 });
    batches[0]?.succeed();
    await settlePromises();
    expect({ items: listItems(), queued: queue.queued, inFlight: queue.inFlight }).toEqual({
      items: [['a'], ['b', 'c', 'd']],
      queued: 0,
      inFlight: 3,
    });
    batches[1]?.succeed();
    expect(await Promise.all(outcomes)).toEqual(['a done', 'b done', 'c done', 'd done']);
  });

  test('each lane takes a batch of its own, and no more run at once than there are lanes', async () => {
    const { queue, batches, add, listItems } = makeQueue({ lanes: 2 });
    const outcomes = ['a', 'b', 'c', 'd'].map((item) => add(item));
    expect({ items: listItems(), queued: queue.queued, inFlight: queue.inFlight }).toEqual({
      items: [['a'], ['b']],
      queued: 2,
      inFlight: 2,
    });
    batches[1]?.succeed();
    await settlePromises();
    expect(listItems()).toEqual([['a'], ['b'], ['c', 'd']]);
    for (const batch of batches) batch.succeed();
    expect(await Promise.all(outcomes)).toEqual(['a done', 'b done', 'c done', 'd done']);
  });

  test('a batch never holds more than the limit', async () => {
    const { batches, add, listItems } = makeQueue({ maxBatch: 2 });
    const outcomes = ['a', 'b', 'c', 'd'].map((item) => add(item));
    for (let place = 0; place < 3; place += 1) {
      batches[place]?.succeed();
      await settlePromises();
    }
    expect(listItems()).toEqual([['a'], ['b', 'c'], ['d']]);
    expect(await Promise.all(outcomes)).toEqual(['a done', 'b done', 'c done', 'd done']);
  });
});

describe('errors', () => {
  test('what a batch fails with reaches its own items and no other', async () => {
    const { batches, add } = makeQueue();
    const outcomes = ['a', 'b', 'c'].map((item) => add(item));
    batches[0]?.succeed();
    await settlePromises();
    const later = add('d');
    batches[1]?.fail(new Error('no database'));
    await settlePromises();
    batches[2]?.succeed();
    expect(await Promise.all([...outcomes, later])).toEqual([
      'a done',
      'Error: no database',
      'Error: no database',
      'd done',
    ]);
  });

  test('a `process` that throws at once is a batch that failed, and the lane goes on', async () => {
    let calls = 0;
    const { queue, add } = makeQueue({
      process: (items) => {
        calls += 1;
        if (calls === 1) throw new Error('a bug');
        return Promise.resolve(items);
      },
    });
    expect(await add('a')).toBe('Error: a bug');
    expect(await add('b')).toBe('b');
    expect(queue.inFlight).toBe(0);
  });
});

describe('bounds', () => {
  test('more items than may wait are refused at once, and accepted again when there is room', async () => {
    const { queue, batches, add } = makeQueue({ maxQueued: 2 });
    const outcomes = ['a', 'b', 'c'].map((item) => add(item));
    await expect(queue.add('d', 1)).rejects.toBeInstanceOf(QueueFullError);
    batches[0]?.succeed();
    await settlePromises();
    outcomes.push(add('e'));
    batches[1]?.succeed();
    await settlePromises();
    batches[2]?.succeed();
    expect(await Promise.all(outcomes)).toEqual(['a done', 'b done', 'c done', 'e done']);
  });

  test('more bytes than may wait are refused at once, and what is in work does not count', async () => {
    const { queue, batches, add } = makeQueue({ maxQueuedBytes: 100 });
    const outcomes = [add('a', 100), add('b', 60)];
    expect(await add('c', 41)).toBe(TOO_MANY);
    outcomes.push(add('d', 40));
    expect(queue.queued).toBe(2);
    batches[0]?.succeed();
    await settlePromises();
    outcomes.push(add('e', 100));
    batches[1]?.succeed();
    await settlePromises();
    batches[2]?.succeed();
    expect(await Promise.all(outcomes)).toEqual(['a done', 'b done', 'd done', 'e done']);
  });
});

describe('deadline', () => {
  test('a batch is told how much time its oldest item has left', async () => {
    useFakeClock();
    const { batches, add } = makeQueue({ deadlineMs: 12_000 });
    const outcomes = [add('a'), add('b')];
    vi.advanceTimersByTime(1000);
    outcomes.push(add('c'));
    vi.advanceTimersByTime(4000);
    batches[0]?.succeed();
    await settlePromises();
    expect(batches.map(({ items, timeoutMs }) => ({ items, timeoutMs }))).toEqual([
      { items: ['a'], timeoutMs: 12_000 },
      { items: ['b', 'c'], timeoutMs: 7000 },
    ]);
    batches[1]?.succeed();
    await Promise.all(outcomes);
  });

  test('an item that has waited for two thirds of its time is refused when its turn comes, and a later one is not', async () => {
    useFakeClock();
    const { batches, add, listItems } = makeQueue({ deadlineMs: 12_000 });
    const outcomes = [add('a'), add('b')];
    vi.advanceTimersByTime(1);
    outcomes.push(add('c'));
    vi.advanceTimersByTime(8000);
    batches[0]?.succeed();
    await settlePromises();
    expect(listItems()).toEqual([['a'], ['c']]);
    batches[1]?.succeed();
    expect(await Promise.all(outcomes)).toEqual(['a done', TOO_LATE, 'c done']);
  });

  test('when all that waits is too late the lane is free at once', async () => {
    useFakeClock();
    const { queue, batches, add, listItems } = makeQueue({ maxBatch: 2, maxQueuedBytes: 10 });
    const outcomes = ['a', 'b', 'c', 'd'].map((item) => add(item, 3));
    vi.advanceTimersByTime(9000);
    batches[0]?.succeed();
    await settlePromises();
    expect(await Promise.all(outcomes)).toEqual(['a done', TOO_LATE, TOO_LATE, TOO_LATE]);
    expect({ queued: queue.queued, inFlight: queue.inFlight }).toEqual({ queued: 0, inFlight: 0 });
    // Their bytes do not wait any more either.
    const next = add('e', 10);
    expect(listItems()).toEqual([['a'], ['e']]);
    batches[1]?.succeed();
    expect(await next).toBe('e done');
  });
});

describe('drain', () => {
  test('it resolves at once when nothing is there', async () => {
    await makeQueue().queue.drain();
  });

  test('it resolves when everything that was accepted has its answer', async () => {
    const { queue, batches, add } = makeQueue({ lanes: 2, maxBatch: 1 });
    const events: string[] = [];
    const outcomes = ['a', 'b', 'c'].map((item) => add(item).then((outcome) => events.push(outcome)));
    const drained = queue.drain().then(() => events.push('drained'));
    for (const place of [1, 0, 2]) {
      await settlePromises();
      batches[place]?.succeed();
    }
    await Promise.all([...outcomes, drained]);
    expect(events).toEqual(['b done', 'a done', 'c done', 'drained']);
  });

  test('it counts failures as answers', async () => {
    const { queue, batches, add } = makeQueue();
    const outcome = add('a');
    const drained = queue.drain();
    batches[0]?.fail(new Error('no database'));
    await drained;
    expect(await outcome).toBe('Error: no database');
  });

  test('a second one waits for what came after the first', async () => {
    const { queue, batches, add } = makeQueue();
    const first = add('a');
    const drained = queue.drain();
    batches[0]?.succeed();
    await Promise.all([first, drained]);

    const second = add('b');
    let isDrained = false;
    const drainedAgain = queue.drain().then(() => {
      isDrained = true;
    });
    await settlePromises();
    expect(isDrained).toBe(false);
    batches[1]?.succeed();
    await Promise.all([second, drainedAgain]);
  });
});
