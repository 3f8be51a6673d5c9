import { expect, onTestFinished, test } from 'vitest';
import { useTestDatabase } from '../support/database.ts';
import { findMetricNames, listMetrics, listMonitoringQueries } from '../support/monitoring.ts';
import { type ServiceOptions, startService } from '../support/service.ts';
import { makeSecret, makeSignedRequest } from '../support/signed-request.ts';
import { makeUserEvent } from '../support/use-receiving-app.ts';

async function useService(env: ServiceOptions['env'] = {}) {
  const { url, sql } = await useTestDatabase();
  const secret = makeSecret();
  const service = await startService({ env: { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: secret, ...env } });
  onTestFinished(() => service.cleanUp());
  return { service, secret, sql, url };
}

/** The first value of a series, or undefined. */
function read(text: string, series: string): number | undefined {
  const [, value] =
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ') ?? [];
  return value === undefined ? undefined : Number(value);
}

test('with METRICS_PORT the metrics are only on their own port, until the stop has ended', async () => {
  const { service, secret } = await useService({ METRICS_PORT: '0' });
  const line = service.logs().find(({ msg }) => msg === 'serving metrics on their own port');
  const metricsUrl = String(line?.url);
  expect(metricsUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  await fetch(`${service.url}/webhooks/clerk`, makeSignedRequest(JSON.stringify(makeUserEvent()), { secret }));

  const status = async (url: string) => {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.status;
  };
  expect(
    await Promise.all([metricsUrl, `${service.url}/metrics`, new URL('/readyz', metricsUrl).href].map(status)),
  ).toEqual([200, 404, 404]);
  expect(await service.sigterm()).toEqual({ code: 0, signal: null });
});

test('the metrics show a delivery, its lag and the number of users', async () => {
  const { service, secret, sql } = await useService();
  const timestamp = Date.now() - 20_000;
  const event = JSON.stringify({ ...makeUserEvent(), timestamp });
  const sentAt = Date.now() / 1000;
  await fetch(`${service.url}/webhooks/clerk`, makeSignedRequest(event, { secret }));
  const scrape = async () => (await fetch(`${service.url}/metrics`)).text();
  // The users are counted behind a scrape.
  await expect.poll(async () => read(await scrape(), 'clerk_sync_users{state="live"}')).toBe(1);
  const text = await scrape();
  expect({
    lags: read(text, 'clerk_sync_event_lag_seconds_count'),
    waiters: read(text, 'clerk_sync_database_pool_waiters'),
    deleted: read(text, 'clerk_sync_users{state="deleted"}'),
  }).toEqual({ lags: 1, waiters: 0, deleted: 0 });
  expect(read(text, 'clerk_sync_event_lag_seconds_sum')).toBeGreaterThanOrEqual(20);
  expect(read(text, 'clerk_sync_event_lag_seconds_sum')).toBeLessThan(80);
  expect(read(text, 'clerk_sync_last_verified_delivery_timestamp_seconds')).toBeGreaterThanOrEqual(sentAt);
  expect((await sql`select from clerk.users`).count).toBe(1);
});

test('a running service has every metric that the alert rules and the dashboard query', async () => {
  const { service } = await useService();
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const names = new Set(listMetrics(text).map(({ name }) => name));
  const queried = listMonitoringQueries().flatMap(findMetricNames);
  expect([queried.length > 60, queried.filter((name) => !names.has(name))]).toEqual([true, []]);
});

test('each process has a row while it runs, and shows the youngest delivery of all', async () => {
  const { service: idle, secret, sql, url } = await useService();
  const { service: busy } = await useService({ DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: secret });
  const age = async () =>
    read(await (await fetch(`${idle.url}/metrics`)).text(), 'clerk_sync_last_verified_delivery_age_seconds');
  const before = await age();
  await fetch(`${busy.url}/webhooks/clerk`, makeSignedRequest(JSON.stringify(makeUserEvent()), { secret }));
  await expect.poll(age).toBeLessThan(60);
  const text = await (await fetch(`${busy.url}/metrics`)).text();
  expect([before, read(text, 'clerk_sync_batch_size_count'), read(text, 'clerk_sync_batch_size_sum')]).toEqual([
    undefined,
    1,
    1,
  ]);
  const pids = async () => (await sql`select pid from clerk.processes order by pid`).map(({ pid }) => pid);
  await expect.poll(pids).toEqual([idle.pid, busy.pid].sort((a, b) => a - b));
  expect(await busy.sigterm()).toEqual({ code: 0, signal: null });
  expect(await pids()).toEqual([idle.pid]);
});
