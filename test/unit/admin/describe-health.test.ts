import { describe, expect, test } from 'vitest';
import { describeHealth } from '../../../src/admin/pages/overview/describe-health.ts';
import type { HealthFacts } from '../../../src/admin/pages/overview/health-facts.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const HOUR = 3_600_000;
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const stats = { queued: 0, in_flight: 0, settled: 9, p50_ms: 3, p99_ms: 20 };
const drift = (kind: string, count: { repaired?: number; left?: number }) => ({
  drift: { [kind]: { found: 5, repaired: 0, left: 0, ...count } },
});

/** A service that is as it should be. */
const WELL: HealthFacts = {
  now: NOW,
  lastDeliveryAt: ago(120_000),
  processes: [
    { version: '1.2.0', stats },
    { version: '1.2.0', stats },
  ],
  unknown: [],
  letters: { count: 0, capped: false, oldestAt: null },
  failedReplayAt: null,
  reconcile: {
    latest: { state: 'finished', startedAt: ago(60_000), error: null },
    finished: drift('activity', { left: 3 }),
    intervalMs: 600_000,
  },
  backfillFailedAt: null,
  updates: { rejected: 0, waitingSince: ago(5000) },
};
const withReconcile = (change: Partial<HealthFacts['reconcile']>): Partial<HealthFacts> => ({
  reconcile: { ...WELL.reconcile, ...change },
});
const withProcess = (change: Partial<typeof stats>): Partial<HealthFacts> => ({
  processes: [{ version: '1.2.0', stats: { ...stats, ...change } }],
});
const latest = { state: 'finished', startedAt: ago(HOUR), error: null } as const;

const CASES: readonly [facts: Partial<HealthFacts>, what: string][] = [
  [{ lastDeliveryAt: null }, 'no delivery has ever come'],
  [{ lastDeliveryAt: ago(8 * 24 * HOUR) }, 'no delivery has come for 8 days'],
  [{ processes: [] }, 'no process has reported in the last minute'],
  [withProcess({ queued: 1500 }), '1,500 deliveries wait for the database in one process'],
  [withProcess({ p99_ms: 6400 }), 'the slowest deliveries take 6 seconds'],
  [
    { processes: ['1.10.0', '1.2.0'].map((version) => ({ version, stats })) },
    'the processes run different versions (1.10.0, 1.2.0)',
  ],
  [{ letters: { count: 1, capped: false, oldestAt: ago(HOUR) } }, '1 dead letter is open, the oldest for 1 hour'],
  [
    { letters: { count: 1200, capped: true, oldestAt: ago(3 * HOUR) } },
    '1,200+ dead letters are open, the oldest for 3 hours',
  ],
  [
    { letters: undefined, users: undefined, unknown: ['dead_letters', 'users'] } as Partial<HealthFacts>,
    'the dead letters and the number of users could not be read',
  ],
  [{ failedReplayAt: ago(HOUR) }, 'a replay run failed 1 hour ago'],
  [withReconcile({ latest: { ...latest, state: 'failed', error: 'Clerk refused.' } }), 'the last reconcile failed'],
  [withReconcile({ latest: { ...latest, startedAt: ago(2 * HOUR) } }), 'no reconcile has begun for 2 hours'],
  [
    withReconcile({ finished: drift('newer_here', { left: 2 }) }),
    'the last reconcile left 2 users different from Clerk',
  ],
  [
    withReconcile({ finished: drift('missing', { repaired: 1 }) }),
    'the last reconcile repaired 1 user whose deliveries did not come',
  ],
  [{ backfillFailedAt: ago(HOUR) }, 'the last backfill failed 1 hour ago'],
  [{ updates: { rejected: 4, waitingSince: null } }, 'Clerk rejected 4 update requests since yesterday'],
  [{ updates: { rejected: 0, waitingSince: ago(HOUR) } }, 'update requests have waited for 1 hour'],
];

describe('describeHealth', () => {
  test('says that all is well, and when the last delivery came', () => {
    expect(describeHealth(WELL)).toEqual({
      isWell: true,
      sentence: 'All is well: the last delivery came 2 minutes ago.',
      problems: [],
    });
  });

  test.each(CASES)('says what is not well: %#', (facts, what) => {
    const { isWell, sentence, problems } = describeHealth({ ...WELL, ...facts });
    expect({ isWell, sentence, what: problems.map((problem) => problem.what) }).toEqual({
      isWell: false,
      sentence: `One thing needs attention: ${what}.`,
      what: [what],
    });
    expect(problems[0]?.whatToDo).toMatch(/^[A-Z`].*\.$/);
  });

  test('says several things in one sentence', () => {
    const facts = { ...WELL, processes: [], failedReplayAt: ago(HOUR), backfillFailedAt: ago(HOUR) };
    expect(describeHealth(facts).sentence).toBe(
      '3 things need attention: no process has reported in the last minute, a replay run failed 1 hour ago, and the last backfill failed 1 hour ago.',
    );
  });

  test.each([
    withReconcile({ latest: undefined, finished: undefined }),
    withReconcile({ intervalMs: undefined, latest: { ...latest, startedAt: ago(48 * HOUR) } }),
    withReconcile({ latest: { ...latest, state: 'stopped' } }),
    withReconcile({ finished: drift('in_flight', { repaired: 5 }) }),
    { lastDeliveryAt: ago(6 * 24 * HOUR) },
    { updates: { rejected: 0, waitingSince: null } },
  ])('is well although it might look otherwise: %#', (facts) => {
    expect(describeHealth({ ...WELL, ...facts }).problems).toEqual([]);
  });
});
