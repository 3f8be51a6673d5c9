import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { addCall, dropCall, endCall, findOutcome } from '../../../src/user-updates/sending/calls/call-list.ts';
import type { UpdateCall } from '../../../src/user-updates/sending/claimed-update.ts';
import { choosePause } from '../../../src/user-updates/sending/limits/choose-pause.ts';
import { chooseCallRate } from '../../../src/user-updates/sending/limits/limit-instance.ts';
import { createUserLimit } from '../../../src/user-updates/sending/limits/limit-user.ts';
import { createLimitWatch } from '../../../src/user-updates/sending/limits/watch-limits.ts';

test('pauses double up to five minutes, and are up to half shorter by chance', () => {
  const longest = [1, 2, 3, 4, 8, 9, 1000].map((attempt) => choosePause(attempt, () => 0));
  expect(longest).toEqual([2000, 4000, 8000, 16_000, 256_000, 300_000, 300_000]);
  expect(choosePause(3, () => 1)).toBe(4000);
});

test('the rate is the share of what Clerk allows the instance of the key', () => {
  expect(chooseCallRate('sk_live_x', 0.5)).toEqual({ calls: 500, perMs: 10_000 });
  expect(chooseCallRate('sk_test_x', 0.25)).toEqual({ calls: 25, perMs: 10_000 });
});

test('three users in a row that Clerk has told to wait are the limit of the instance, and so is a question at once', () => {
  const watch = createLimitWatch();
  expect(['a', 'a', 'b'].map((userId) => watch.limited(userId, true))).toEqual([false, false, false]);
  watch.passed();
  expect(['c', 'd', 'e'].map((userId) => watch.limited(userId, true))).toEqual([false, false, true]);
  expect(createLimitWatch().limited('a', false)).toBe(true);
});

describe('the limit of a user', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('lets ten calls through in eleven seconds, with those that other processes have made', () => {
    const limit = createUserLimit([1000, 10_000, 4000]);
    for (let call = 4; call <= 10; call += 1) {
      expect(limit.waitMs()).toBe(0);
      limit.count();
    }
    expect(limit.waitMs()).toBe(1000);
    vi.advanceTimersByTime(1000);
    expect(limit.waitMs()).toBe(0);
    limit.count();
    expect(limit.waitMs()).toBe(6000);
  });
});

describe('the list of calls', () => {
  const make = (call: UpdateCall['call'], outcome: UpdateCall['outcome'], n = 0): UpdateCall => ({
    ...{ call, outcome, method: 'PATCH', path: `/users/${n}`, at: '2026-01-01T00:00:00.000Z', status: null },
  });

  test('tells what became of the latest call of a name, and only that one is changed', () => {
    const calls = [make('user', 'unclear'), make('metadata', 'unclear'), make('user', 'unclear', 1)];
    expect(endCall(calls, 'user', { status: 200, outcome: 'applied' })).toEqual([
      calls[0],
      calls[1],
      { ...calls[2], status: 200, outcome: 'applied' },
    ]);
    expect(dropCall(calls, 'user')).toEqual(calls.slice(0, 2));
    expect([findOutcome(calls, 'metadata'), findOutcome(calls, 'ban')]).toEqual(['unclear', undefined]);
  });

  test('keeps each call that was applied, and the latest twenty of those that were not', () => {
    let calls: UpdateCall[] = [make('user', 'applied')];
    for (let n = 0; n < 50; n += 1) calls = addCall(calls, make('metadata', 'unclear', n));
    expect(calls.length).toBe(21);
    expect([calls[0]?.call, calls[1]?.path, calls.at(-1)?.path]).toEqual(['user', '/users/30', '/users/49']);
  });
});
