import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLatencyWindow } from '../../../src/metrics/latency-window.ts';

function useWindow() {
  const clock = { ms: 0 };
  return { clock, window: createLatencyWindow(() => clock.ms) };
}

test('says nothing of an empty window', () => {
  expect(useWindow().window.read()).toEqual({ settled: 0, p50Ms: null, p99Ms: null });
});

test('counts the deliveries of the last five minutes, and forgets older ones', () => {
  const { clock, window } = useWindow();
  window.record(5);
  clock.ms = 289_999;
  window.record(5);
  const settled = (ms: number) => {
    clock.ms = ms;
    return window.read().settled;
  };
  expect([settled(299_999), settled(300_000), settled(579_999), settled(580_000)]).toEqual([2, 1, 1, 0]);
});

test('forgets everything after a pause of any length', () => {
  const { clock, window } = useWindow();
  for (const ms of [0, 5000, 120_000]) {
    clock.ms = ms;
    window.record(5);
  }
  clock.ms = 86_400_000;
  window.record(7);
  expect(window.read().settled).toBe(1);
});

test('finds percentiles to a twentieth, from half a millisecond to half a minute', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.6, max: 30_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
      (times) => {
        const { window } = useWindow();
        for (const ms of times) window.record(ms);
        const sorted = times.toSorted((a, b) => a - b);
        const find = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] as number;
        const { settled, p50Ms, p99Ms } = window.read();
        expect(settled).toBe(times.length);
        // One decimal is shown.
        expect(Math.abs((p50Ms as number) - find(0.5))).toBeLessThanOrEqual(find(0.5) * 0.05 + 0.05);
        expect(Math.abs((p99Ms as number) - find(0.99))).toBeLessThanOrEqual(find(0.99) * 0.05 + 0.05);
      },
    ),
  );
});

test('shows what is longer than half a minute as half a minute', () => {
  const { window } = useWindow();
  window.record(600_000);
  expect(window.read().p50Ms).toBeGreaterThan(29_000);
});
