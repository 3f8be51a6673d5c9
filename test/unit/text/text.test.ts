import { expect, test } from 'vitest';
import { formatAge, formatSpan } from '../../../src/text/format-age.ts';
import { formatQuantity } from '../../../src/text/format-quantity.ts';
import { listSome } from '../../../src/text/list-some.ts';

test.each([
  [formatQuantity(0, 'event'), '0 events'],
  [formatQuantity(1, 'event'), '1 event'],
  [formatQuantity(12_345, 'event'), '12,345 events'],
  [formatQuantity(1, 'delivery', 'deliveries'), '1 delivery'],
  [formatQuantity(2, 'delivery', 'deliveries'), '2 deliveries'],
])('writes a number with its noun: %s', (text, expected) => {
  expect(text).toBe(expected);
});

test.each([
  [0, '0 seconds'],
  [1999, '1 second'],
  [59_999, '59 seconds'],
  [-60_000, '1 minute'],
  [7_199_999, '1 hour'],
  [172_800_000, '2 days'],
])('writes a span of %d ms in its largest unit: %s', (ms, expected) => {
  expect(formatSpan(ms)).toBe(expected);
});

test('writes how long ago a moment was, and a moment in the future as now', () => {
  const now = Date.UTC(2026, 0, 2);
  expect([new Date(now - 3_600_000), new Date(now + 3_600_000)].map((moment) => formatAge(moment, now))).toEqual([
    '1 hour ago',
    '0 seconds ago',
  ]);
});

test('lists the first items, and says how many more there are', () => {
  expect([listSome(['a', 'b'], 2), listSome(['a', 'b', 'c', 'd'], 2), listSome(['a', 'b', 'c'], 1, '\n')]).toEqual([
    'a, b',
    'a, b, and 2 more',
    'a\nand 2 more',
  ]);
});
