import { expect, onTestFinished, test } from 'vitest';
import { useTestDatabase } from '../support/database.ts';
import { type ServiceOptions, startService } from '../support/service.ts';
import { makeSecret, makeSignedRequest } from '../support/signed-request.ts';
import { makeUserEvent } from '../support/use-receiving-app.ts';

async function useService(env: ServiceOptions['env'] = {}) {
  const { url, sql } = await useTestDatabase();
  const secret = makeSecret();
  const service = await startService({ env: { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: secret, ...env } });
  onTestFinished(() => service.cleanUp());
  return { service, secret, sql };
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
