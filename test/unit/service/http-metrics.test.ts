import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LatestBackfill } from '../../../src/backfill/find-latest-backfill.ts';
import type { OpenDeadLetters } from '../../../src/dead-letters/count-open-dead-letters.ts';
import { makeApp, makeReceipt } from '../../support/make-app.ts';
import { makeMetrics } from '../../support/make-metrics.ts';
import { makeSignedRequest } from '../../support/signed-request.ts';

/** Five seconds after an event, to the millisecond. */
const NOW = new Date('2026-03-01T12:00:05.250Z');
const eventAt = new Date('2026-03-01T12:00:00.250Z');

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Our own series, one a line; Node's and the buckets aside. */
function ownSeries(text: string): string[] {
  return text.split('\n').filter((line) => /^clerk_sync_/.test(line) && !/_bucket|_sum|build_info/.test(line));
}

describe('the metrics', () => {
  test('count deliveries by outcome and type, and refusals by reason', async () => {
    const { app, secret, metrics } = makeApp({
      receive: async () =>
        makeReceipt({ sanitized: 2, eventAt, unkeyed: { passkeys: 3 }, unknown: { user: 1, passkeys: 2 } }),
    });
    const send = () => app.request('/webhooks/clerk', makeSignedRequest('{}', { secret }));
    await send();
    await send();
    await app.request('/webhooks/clerk', { method: 'POST', body: '{}' });
    await app.request('/webhooks/clerk', { ...makeSignedRequest('{}', { secret }), body: '{"forged":true}' });
    expect(ownSeries(await metrics.render())).toEqual([
      'clerk_sync_deliveries_total{outcome="applied",type="user.created"} 2',
      'clerk_sync_rejected_deliveries_total{reason="missing_headers"} 1',
      'clerk_sync_rejected_deliveries_total{reason="invalid_signature"} 1',
      `clerk_sync_last_verified_delivery_timestamp_seconds ${NOW.getTime() / 1000}`,
      'clerk_sync_delivery_duration_seconds_count 2',
      'clerk_sync_event_lag_seconds_count 2',
      'clerk_sync_batch_size_count 0',
      'clerk_sync_sanitized_strings_total 4',
      'clerk_sync_unkeyed_children_total{list="passkeys"} 6',
      'clerk_sync_unknown_properties_total{object="user"} 2',
      'clerk_sync_unknown_properties_total{object="passkeys"} 4',
      'clerk_sync_queued_deliveries 7',
      'clerk_sync_in_flight_deliveries 3',
      'clerk_sync_last_verified_delivery_age_seconds 0',
      'clerk_sync_database_up 1',
      'clerk_sync_database_writable 1',
      'clerk_sync_database_pool_size 10',
      'clerk_sync_database_pool_busy 2',
      'clerk_sync_database_pool_waiters 0',
      'clerk_sync_transaction_retries_total 0',
    ]);
  });

  test('have the same number of series after a thousand event types as after two', async () => {
    const metrics = makeMetrics();
    for (let i = 0; i < 1000; i += 1) {
      metrics.recordDelivery({ outcome: 'ignored', eventType: `type.${i}`, eventAt, sanitized: 0, ms: 1 });
    }
    metrics.recordDelivery({ outcome: 'dead_letter', eventType: null, eventAt, sanitized: 0, ms: 1 });
    expect(ownSeries(await metrics.render()).filter((line) => line.startsWith('clerk_sync_deliveries_total'))).toEqual([
      'clerk_sync_deliveries_total{outcome="ignored",type="other"} 1000',
      'clerk_sync_deliveries_total{outcome="dead_letter",type="unknown"} 1',
    ]);
  });

  test('show when a delivery was last verified, also if it was then refused', async () => {
    const { app, secret, metrics } = makeApp({ receive: () => Promise.reject(new Error('full')) });
    const series = async () =>
      ownSeries(await metrics.render()).filter((line) =>
        line.startsWith('clerk_sync_last_verified_delivery_timestamp'),
      );
    await app.request('/webhooks/clerk', { ...makeSignedRequest('{}', { secret }), body: '{"forged":true}' });
    const before = await series();
    await app.request('/webhooks/clerk', makeSignedRequest('{}', { secret }));
    const name = 'clerk_sync_last_verified_delivery_timestamp_seconds';
    expect([before, await series()]).toEqual([[], [`${name} ${NOW.getTime() / 1000}`]]);
  });

  test('measure from the event to its commit, without duplicates and never below zero', async () => {
    const metrics = makeMetrics();
    const delivery = { eventType: 'user.updated', sanitized: 0, ms: 1 };
    metrics.recordDelivery({ ...delivery, outcome: 'applied', eventAt });
    metrics.recordDelivery({ ...delivery, outcome: 'duplicate', eventAt });
    metrics.recordDelivery({ ...delivery, outcome: 'stale', eventAt: new Date(NOW.getTime() + 900) });
    const lags = (await metrics.render()).split('\n').filter((line) => line.startsWith('clerk_sync_event_lag_seconds'));
    expect(lags.filter((line) => !line.includes('_bucket') || /le="(?:0.1|2.5|5)"/.test(line))).toEqual([
      'clerk_sync_event_lag_seconds_bucket{le="0.1"} 1',
      'clerk_sync_event_lag_seconds_bucket{le="2.5"} 1',
      'clerk_sync_event_lag_seconds_bucket{le="5"} 2',
      'clerk_sync_event_lag_seconds_sum 5',
      'clerk_sync_event_lag_seconds_count 2',
    ]);
  });

  test('count users in the background, and again only after five minutes or a hundred times the duration of the count', async () => {
    let count = 0;
    let tookMs = 100;
    const countUsers = async () => {
      count += 1;
      vi.advanceTimersByTime(tookMs);
      if (count === 3) throw new Error('it took too long');
      return [
        { state: 'live', count },
        { state: 'deleted', count: 0 },
      ];
    };
    const metrics = makeMetrics({ countUsers });
    const scrape = async (afterMs: number) => {
      vi.advanceTimersByTime(afterMs);
      const series = ownSeries(await metrics.render()).filter((line) => line.startsWith('clerk_sync_users'));
      return series.map((line) => line.replace(/^.*"(\w+)"\} /, '$1 '));
    };
    tookMs = 1000;
    expect([await scrape(0), await scrape(0), await scrape(299_000), await scrape(1000)]).toEqual([
      [],
      ['live 1', 'deleted 0'],
      ['live 1', 'deleted 0'],
      ['live 1', 'deleted 0'],
    ]);
    tookMs = 6000;
    expect([await scrape(0), await scrape(300_000), await scrape(0), await scrape(599_999), count]).toEqual([
      ['live 2', 'deleted 0'],
      ['live 2', 'deleted 0'],
      [],
      [],
      3,
    ]);
    await scrape(1);
    expect(await scrape(0)).toEqual(['live 4', 'deleted 0']);
  });

  test('ask the database at each scrape, and only once for scrapes at the same time', async () => {
    const answers: OpenDeadLetters[][] = [
      [
        { state: 'open', reason: 'invalid_json', count: 2, oldestAgeSeconds: 90.5 },
        { state: 'queued', reason: 'invalid_json', count: 3, oldestAgeSeconds: 120 },
      ],
      [{ state: 'open', reason: 'invalid_shape', count: 1, oldestAgeSeconds: 3 }],
    ];
    const metrics = makeMetrics({ countOpenDeadLetters: async () => answers.shift() ?? [] });
    const letters = (text: string) => ownSeries(text).filter((line) => line.includes('dead_letter'));
    const [first, same] = await Promise.all([metrics.render(), metrics.render()]);
    expect([letters(first), letters(same), letters(await metrics.render())]).toEqual([
      ...Array.from({ length: 2 }, () => [
        'clerk_sync_open_dead_letters{reason="invalid_json"} 5',
        'clerk_sync_oldest_open_dead_letter_age_seconds{reason="invalid_json"} 120',
        'clerk_sync_dead_letters{state="open",reason="invalid_json"} 2',
        'clerk_sync_dead_letters{state="queued",reason="invalid_json"} 3',
      ]),
      [
        'clerk_sync_open_dead_letters{reason="invalid_shape"} 1',
        'clerk_sync_oldest_open_dead_letter_age_seconds{reason="invalid_shape"} 3',
        'clerk_sync_dead_letters{state="open",reason="invalid_shape"} 1',
      ],
    ]);
  });

  test('count resolved dead letters in the background', async () => {
    const metrics = makeMetrics({
      countResolvedDeadLetters: async () => [{ state: 'replayed', reason: 'invalid_json', count: 1_000_000 }],
    });
    const letters = async () => ownSeries(await metrics.render()).filter((line) => line.includes('dead_letters'));
    expect([await letters(), await letters()]).toEqual([
      [],
      ['clerk_sync_dead_letters{state="replayed",reason="invalid_json"} 1000000'],
    ]);
  });

  test('show the sizes of batches, and how the pool is used', async () => {
    let retries = 3;
    const metrics = makeMetrics({ readPool: () => ({ size: 10, inFlight: 4, waiting: 5, retries }) });
    for (const size of [1, 1, 20, 200]) metrics.recordBatch(size);
    await metrics.render();
    retries = 4;
    const text = await metrics.render();
    expect(text.split('\n').filter((line) => /^clerk_sync_(?:batch|database_pool|transaction)/.test(line))).toEqual([
      ...['1"} 2', '2"} 2', '5"} 2', '10"} 2', '20"} 3', '50"} 3', '100"} 3', '200"} 4', '+Inf"} 4'].map(
        (bucket) => `clerk_sync_batch_size_bucket{le="${bucket}`,
      ),
      'clerk_sync_batch_size_sum 222',
      'clerk_sync_batch_size_count 4',
      'clerk_sync_database_pool_size 10',
      'clerk_sync_database_pool_busy 4',
      'clerk_sync_database_pool_waiters 5',
      'clerk_sync_transaction_retries_total 4',
    ]);
  });

  test('show how long ago any process received a delivery, also if the database does not answer', async () => {
    const answers = [
      { lastDeliveryAgeSeconds: undefined },
      { lastDeliveryAgeSeconds: 40 },
      { lastDeliveryAgeSeconds: 5 },
    ].map(async (answer) => ({ ...answer, backfill: undefined, replays: [] }));
    const metrics = makeMetrics({ readActivity: () => answers.shift() ?? Promise.reject(new Error('away')) });
    const age = async () => ownSeries(await metrics.render()).find((line) => /_age_seconds /.test(line));
    const name = 'clerk_sync_last_verified_delivery_age_seconds';
    expect(await age()).toBeUndefined();
    metrics.recordVerified(NOW);
    vi.advanceTimersByTime(20_000);
    expect([await age(), await age(), await age()]).toEqual([`${name} 20`, `${name} 5`, `${name} 20`]);
    // Whoever sets the clock back by an hour does not make the silence shorter.
    vi.setSystemTime(NOW.getTime() - 3_600_000);
    expect(await age()).toBe(`${name} 20`);
  });

  test('show how far the latest backfill and the running replays are', async () => {
    const backfill: LatestBackfill = {
      ...{ state: 'running', applied: 70, stale: 20, deadLetters: 1, expectedUsers: 1000, updatedAt: 1_767_225_600.5 },
    };
    const replays = (['running', 'finished'] as const).map((state) => ({ state, runs: 2, letters: 100, settled: 60 }));
    const metrics = makeMetrics({
      readActivity: async () => ({ lastDeliveryAgeSeconds: undefined, backfill, replays }),
    });
    expect(ownSeries(await metrics.render()).filter((line) => /backfill|replay/.test(line))).toEqual([
      'clerk_sync_backfill_state{state="running"} 1',
      'clerk_sync_backfill_users{outcome="applied"} 70',
      'clerk_sync_backfill_users{outcome="stale"} 20',
      'clerk_sync_backfill_users{outcome="dead_letter"} 1',
      'clerk_sync_backfill_expected_users 1000',
      'clerk_sync_backfill_updated_timestamp_seconds 1767225600.5',
      'clerk_sync_replay_runs{state="running"} 2',
      'clerk_sync_replay_runs{state="finished"} 2',
      'clerk_sync_replay_letters{progress="done"} 60',
      'clerk_sync_replay_letters{progress="left"} 40',
    ]);
  });

  test('count the reconcile runs of this process, and show the last run of any process', async () => {
    const metrics = makeMetrics({
      findReconcileState: async () => ({
        finishedAt: { full: 1_767_225_600.5 },
        drift: { full: { older: { repaired: 3, left: 4 } } },
        succeeded: false,
      }),
    });
    const drift = { older: { repaired: 2, left: 1 }, activity: { repaired: 5, left: 0 } };
    metrics.recordReconcile({ kind: 'full', end: 'finished', ms: 2000, drift });
    metrics.recordReconcile({ kind: 'incremental', end: 'failed', ms: 10, drift: {} });
    metrics.recordReconcile({ kind: 'full', end: 'finished', ms: 3000, drift });
    const text = await metrics.render();
    expect(ownSeries(text).filter((line) => line.includes('reconcile'))).toEqual([
      'clerk_sync_reconcile_runs_total{kind="full",end="finished"} 2',
      'clerk_sync_reconcile_runs_total{kind="incremental",end="failed"} 1',
      'clerk_sync_reconcile_duration_seconds_count{kind="full"} 2',
      'clerk_sync_reconcile_duration_seconds_count{kind="incremental"} 1',
      'clerk_sync_reconcile_drift_total{kind="older",result="repaired"} 4',
      'clerk_sync_reconcile_drift_total{kind="older",result="left"} 2',
      'clerk_sync_reconcile_drift_total{kind="activity",result="repaired"} 10',
      'clerk_sync_reconcile_drift_total{kind="activity",result="left"} 0',
      'clerk_sync_reconcile_last_finished_timestamp_seconds{kind="full"} 1767225600.5',
      'clerk_sync_reconcile_last_drift{kind="full",drift="older",result="repaired"} 3',
      'clerk_sync_reconcile_last_drift{kind="full",drift="older",result="left"} 4',
      'clerk_sync_reconcile_last_succeeded 0',
    ]);
    expect(text).toContain('clerk_sync_reconcile_duration_seconds_sum{kind="full"} 5\n');
  });

  test('can be scraped while the database does not answer, and show that', async () => {
    const letters: OpenDeadLetters[] = [{ state: 'open', reason: 'invalid_json', count: 2, oldestAgeSeconds: 1 }];
    const answers = [Promise.resolve(letters), Promise.reject(new Error('away'))];
    const { app } = makeApp({
      metrics: makeMetrics({
        countOpenDeadLetters: () => answers.shift() ?? Promise.resolve([]),
        canWrite: () => Promise.reject(new Error('away')),
      }),
    });
    const scrape = async () => {
      const response = await app.request('/metrics');
      return {
        status: response.status,
        type: response.headers.get('content-type'),
        series: ownSeries(await response.text()),
      };
    };
    await scrape();
    expect(await scrape()).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      series: [
        'clerk_sync_delivery_duration_seconds_count 0',
        'clerk_sync_event_lag_seconds_count 0',
        'clerk_sync_batch_size_count 0',
        'clerk_sync_sanitized_strings_total 0',
        'clerk_sync_queued_deliveries 7',
        'clerk_sync_in_flight_deliveries 3',
        'clerk_sync_database_up 0',
        'clerk_sync_database_writable 0',
        'clerk_sync_database_pool_size 10',
        'clerk_sync_database_pool_busy 2',
        'clerk_sync_database_pool_waiters 0',
        'clerk_sync_transaction_retries_total 0',
      ],
    });
  });

  test('say that the database answers, also if its dead letters can’t be counted in time', async () => {
    let isWritable = true;
    const metrics = makeMetrics({
      countOpenDeadLetters: () => Promise.reject(new Error('too many')),
      canWrite: async () => isWritable,
    });
    const state = async () => ownSeries(await metrics.render()).filter((line) => /database_(?:up|writ)/.test(line));
    expect(await state()).toEqual(['clerk_sync_database_up 1', 'clerk_sync_database_writable 1']);
    isWritable = false;
    expect(await state()).toEqual(['clerk_sync_database_up 1', 'clerk_sync_database_writable 0']);
  });

  test('name the version, and use their own registry', async () => {
    const [first, second] = [makeMetrics(), makeMetrics({ version: '4.5.6' })];
    first.recordRejection('queue_full');
    const text = await second.render();
    expect([
      text.includes(`clerk_sync_build_info{version="4.5.6",node_version="${process.versions.node}"} 1`),
      text.includes('queue_full'),
    ]).toEqual([true, false]);
    expect(text).toContain('process_resident_memory_bytes');
  });
});
