import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepAnswer } from '../../../src/admin/pages/overview/keep-answer.ts';
import { createReadOverview } from '../../../src/admin/pages/overview/read-overview.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('all who ask while an answer is awaited or fresh get the same one', async () => {
  let asked = 0;
  const ask = keepAnswer(async () => {
    asked += 1;
    return asked;
  }, 10_000);
  expect(await Promise.all([ask(), ask()])).toEqual([1, 1]);
  vi.advanceTimersByTime(9999);
  expect(await ask()).toBe(1);
  vi.advanceTimersByTime(1);
  expect([await ask(), await ask(), asked]).toEqual([2, 2, 2]);
});

test('a failure is not kept', async () => {
  const answers = [Promise.reject(new Error('away')), Promise.resolve('here')];
  const ask = keepAnswer(() => answers.shift() as Promise<string>, 10_000);
  await expect(ask()).rejects.toThrow('away');
  expect(await ask()).toBe('here');
});

test('an overview of which nothing can be read fails, and is asked for again', async () => {
  const logged: unknown[] = [];
  let asked = 0;
  const readOverview = createReadOverview({
    read: () => {
      asked += 1;
      return Promise.reject(new Error('away'));
    },
    reconcileIntervalMs: undefined,
    logger: { warn: (fields: object) => void logged.push(fields) },
  });
  await expect(readOverview('hour')).rejects.toThrow('away');
  await expect(readOverview('hour')).rejects.toThrow('away');
  expect([asked, logged]).toEqual([16, []]);
});
