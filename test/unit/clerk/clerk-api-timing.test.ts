import { describe, expect, test, vi } from 'vitest';
import type { ClerkApi, ClerkApiOptions } from '../../../src/clerk/api/clerk-api.ts';
import type { FakeClerkOptions, Fault } from '../../support/fake-clerk/fake-clerk.ts';
import { openFakeApi } from '../../support/fake-clerk/open-fake-api.ts';
import { useFakeClerk } from '../../support/fake-clerk/use-fake-clerk.ts';

/** Timers may fire a millisecond early. */
const GRAIN_MS = 5;

async function useApi(options: Partial<ClerkApiOptions> = {}, fake: FakeClerkOptions = {}) {
  const clerk = await useFakeClerk(fake);
  return { clerk, api: openFakeApi(clerk, options) };
}

function limited(retryAfter: string): Fault {
  return { kind: 'status', status: 429, headers: { 'retry-after': retryAfter } };
}

describe('a 429', () => {
  test.each([
    ['seconds', () => '1', 1000],
    // Cut to the second by its format: 1 s is what is left of it at least.
    ['a date', () => new Date(Date.now() + 2000).toUTCString(), 1000],
  ])('is obeyed that says how long in %s', async (_what, makeHeader, atLeastMs) => {
    const { clerk, api } = await useApi();
    clerk.intercept(({ place }) => (place === 0 ? limited(makeHeader()) : undefined));
    expect(await api.countUsers()).toBe(0);
    const [first, second] = clerk.requests;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(atLeastMs - GRAIN_MS);
  });

  test('means its date by the clock of whoever says it', async () => {
    const hourMs = 3_600_000;
    const { clerk, api } = await useApi({}, { clockOffsetMs: hourMs });
    clerk.intercept(({ place }) =>
      place === 0 ? limited(new Date(Date.now() + hourMs + 1000).toUTCString()) : undefined,
    );
    expect(await api.countUsers()).toBe(0);
  });

  test('holds back every request of the client, and not only the one that got it', async () => {
    const { clerk, api } = await useApi();
    clerk.intercept(({ place }) => (place === 0 ? limited('1') : undefined));
    const first = api.countUsers();
    await vi.waitUntil(() => clerk.requests.length === 1);
    await Promise.all([first, ...Array.from({ length: 5 }, () => api.countUsers())]);
    const [at = 0, ...later] = clerk.requests.map((request) => request.at);
    // Those that were on their way before the answer came are not held back.
    expect(later.filter((time) => time - at > 500).length).toBeGreaterThan(0);
    expect(later.filter((time) => time - at > 500 && time - at < 1000 - GRAIN_MS)).toEqual([]);
  });

  test('holds back a request that waits for its turn meanwhile', async () => {
    const { clerk, api } = await useApi({ timings: { rate: { requests: 1, perMs: 200 } } });
    clerk.intercept(({ place }) => (place === 0 ? limited('1') : undefined));
    await Promise.all([api.countUsers(), api.countUsers()]);
    const [at = 0, ...later] = clerk.requests.map((request) => request.at);
    expect(later.map((time) => time - at >= 1000 - GRAIN_MS)).toEqual([true, true]);
  });

  test('that asks for more than there is time is told at once, and so is the next request', async () => {
    const { clerk, api } = await useApi({ timings: { limitedMs: 2000 } });
    clerk.intercept(() => limited('60'));
    await expect(api.countUsers()).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 60_000 });
    await expect(api.countUsers()).rejects.toMatchObject({
      code: 'rate_limited',
      problem: expect.stringMatching(/^Clerk keeps limiting the requests: it asks to wait (60|61) s\.$/),
    });
    expect(clerk.requests.length).toBe(1);
  });

  test.each(['', 'soon', '-5', '1.5'])('with a Retry-After of %j is one that does not say', async (header) => {
    const waits: number[] = [];
    const { clerk, api } = await useApi({ onWait: ({ ms }) => waits.push(ms) });
    clerk.intercept(({ place }) => (place < 3 ? limited(header) : undefined));
    expect(await api.countUsers()).toBe(0);
    // The pauses are those after any failure, and grow.
    expect(waits.map((ms, place) => ms >= 5 * 2 ** place)).toEqual([true, true, true]);
  });
});

test('a client stays below the rate in every stretch of time, and so meets no limit', async () => {
  const rate = { requests: 5, perMs: 300 };
  const { clerk, api } = await useApi({ timings: { rate } });
  await Promise.all(Array.from({ length: 18 }, () => api.countUsers()));
  const times = clerk.requests.map(({ at }) => at).toSorted((a, b) => a - b);
  // A request's way to the fake takes some ms more or less than another's.
  const tooClose = times.filter((at, place) => at - (times[place - rate.requests] ?? 0) < rate.perMs - 50);
  expect({ requests: times.length, tooClose }).toEqual({ requests: 18, tooClose: [] });
});

test('a client that meets a limit all the same gets through it', async () => {
  const { clerk, api } = await useApi({}, { rateLimit: { requests: 4, perMs: 1000 } });
  await Promise.all(Array.from({ length: 10 }, () => api.countUsers()));
  expect(clerk.requests.length).toBeGreaterThan(10);
});

test('pauses grow, and each is told with its reason before it begins', async () => {
  const waits: { ms: number; why: string }[] = [];
  const timings = { failingMs: 10_000, firstPauseMs: 20, longestPauseMs: 80 };
  const { clerk, api } = await useApi({ timings, onWait: (wait) => waits.push(wait) });
  clerk.intercept(({ place }) => (place < 5 ? { kind: 'proxy_page', status: 503 } : undefined));
  await api.countUsers();
  const why = 'The Backend API does not answer as it should: it reports a failure of its own (status 503).';
  expect(waits.map((wait) => wait.why)).toEqual(Array.from({ length: 5 }, () => why));
  const floors = [20, 40, 80, 80, 80];
  for (const [place, { ms }] of waits.entries()) {
    expect(ms).toBeGreaterThanOrEqual(floors[place] ?? 0);
    expect(ms).toBeLessThanOrEqual(Math.min(80, 2 * (floors[place] ?? 0)));
    const [before, after] = [clerk.requests[place], clerk.requests[place + 1]];
    expect((after?.at ?? 0) - (before?.at ?? 0)).toBeGreaterThanOrEqual(ms - GRAIN_MS);
  }
});

describe('an abort ends at once, with its own reason,', () => {
  const OFTEN = { requestMs: 60_000, failingMs: 60_000, limitedMs: 60_000 };
  const SLOW_PAUSE = { ...OFTEN, firstPauseMs: 30_000, longestPauseMs: 60_000 };
  const one = (api: ClerkApi) => api.countUsers();
  const two = (api: ClerkApi) => Promise.all([api.countUsers(), api.countUsers()]);

  test.each<[string, Fault | undefined, ClerkApiOptions['timings'], (api: ClerkApi) => Promise<unknown>]>([
    ['a request', { kind: 'never' }, OFTEN, one],
    ['half a body', { kind: 'stalled_body' }, OFTEN, one],
    ['the pause after a failure', { kind: 'status', status: 500 }, SLOW_PAUSE, one],
    ['the wait that a 429 asks for', limited('30'), OFTEN, one],
    ['the wait for a turn', undefined, { ...OFTEN, rate: { requests: 1, perMs: 60_000 } }, two],
  ])('in %s', async (_where, fault, timings, ask) => {
    const controller = new AbortController();
    const { clerk, api } = await useApi({ timings: { ...timings }, signal: controller.signal });
    clerk.intercept(() => fault);
    const asked = ask(api).catch((error: unknown) => error);
    await vi.waitUntil(() => clerk.requests.length > 0);
    // Until the answer has been read, where there is one.
    if (fault?.kind === 'status' || fault === undefined) await vi.waitUntil(() => api.clockOffsetMs !== undefined);
    await new Promise(setImmediate);
    const reason = new Error('enough');
    const since = performance.now();
    controller.abort(reason);
    expect(await asked).toBe(reason);
    // What it would have waited for comes after half a minute at the earliest.
    expect(performance.now() - since).toBeLessThan(15_000);
    const count = clerk.requests.length;
    await expect(api.countUsers()).rejects.toBe(reason);
    expect(clerk.requests.length).toBe(count);
  });

  test('before anything is asked', async () => {
    const { clerk, api } = await useApi({ signal: AbortSignal.abort('enough') });
    await expect(api.countUsers()).rejects.toBe('enough');
    expect(clerk.requests).toEqual([]);
  });
});
