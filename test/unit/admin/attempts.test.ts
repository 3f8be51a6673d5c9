import type { Context } from 'hono';
import { expect, test } from 'vitest';
import { createAttempts } from '../../../src/admin/session/attempts.ts';

const from = (remoteAddress: string) => ({ env: { incoming: { socket: { remoteAddress } } } }) as unknown as Context;

/** Whether a token from an address is looked at. */
function isAllowed(attempts: ReturnType<typeof createAttempts>, address: string): boolean {
  try {
    attempts.assertAllowed(from(address));
    return true;
  } catch {
    return false;
  }
}

function fail(attempts: ReturnType<typeof createAttempts>, address: string, times: number) {
  for (let n = 0; n < times; n++) attempts.recordWrong(from(address));
}

test('an address has ten wrong tokens a minute', () => {
  let now = 5000;
  const attempts = createAttempts(() => now);
  fail(attempts, '10.0.0.1', 9);
  expect(isAllowed(attempts, '10.0.0.1')).toBe(true);
  fail(attempts, '10.0.0.1', 1);
  expect([isAllowed(attempts, '10.0.0.1'), isAllowed(attempts, '10.0.0.2')]).toEqual([false, true]);
  now += 59_999;
  expect(() => attempts.assertAllowed(from('10.0.0.1'))).toThrow(
    expect.objectContaining({ status: 429, code: 'too_many_attempts', headers: { 'retry-after': '1' } }),
  );
  now += 1;
  expect(isAllowed(attempts, '10.0.0.1')).toBe(true);
});

test('all addresses together have a hundred, so that many addresses do not help', () => {
  let now = 0;
  const attempts = createAttempts(() => now);
  for (let n = 0; n < 100; n++) fail(attempts, `10.0.${n}.1`, 1);
  expect(isAllowed(attempts, '10.1.0.1')).toBe(false);
  now += 60_000;
  expect(isAllowed(attempts, '10.1.0.1')).toBe(true);
});

test.each([
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:ffff::1'],
  ['2001:db8::1', '2001:db8::2:0:0:1'],
  ['::1', '::2'],
])('%s and %s are in one network, and count together', (one, other) => {
  const attempts = createAttempts(() => 0);
  fail(attempts, one, 10);
  expect([isAllowed(attempts, other), isAllowed(attempts, '2001:db8:1:3::1')]).toEqual([false, true]);
});
