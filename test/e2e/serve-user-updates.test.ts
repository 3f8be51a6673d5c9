import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { useTestDatabase } from '../support/database.ts';
import { makeApiUser, makeUserId } from '../support/fake-clerk/make-api-user.ts';
import { useFakeClerk } from '../support/fake-clerk/use-fake-clerk.ts';
import { postEvents } from '../support/fake-clerk/writes/events.ts';
import { startService } from '../support/service.ts';
import { makeSecret } from '../support/signed-request.ts';

const SOON = { timeout: 60_000, interval: 50 };
const ADA = makeUserId(0);

/** The service with a fake Clerk that sends it the events of each change. */
async function useServed(env: Record<string, string> = {}) {
  const { url, sql } = await useTestDatabase();
  const secret = makeSecret();
  let webhooks = '';
  const clerk = await useFakeClerk({
    users: [makeApiUser(0), makeApiUser(1)],
    deliver: (event, signal) => postEvents(webhooks, secret)(event, signal),
  });
  const service = await startService({
    env: {
      ...{ DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: secret, RECONCILE_INTERVAL: 'off' },
      ...{ CLERK_SECRET_KEY: clerk.secretKey, CLERK_API_URL: clerk.url, ...env },
    },
  });
  onTestFinished(() => service.cleanUp());
  webhooks = `${service.url}/webhooks/clerk`;
  const insert = (request: string) =>
    sql`insert into clerk.user_updates (user_id, request) values (${ADA}, ${request}::text::jsonb)`;
  const readRows = async () => [
    ...(await sql`select state, message_id is not null as linked from clerk.user_updates order by id`),
  ];
  return { clerk, sql, service, insert, readRows };
}

async function readMetrics(url: string): Promise<Record<string, string>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const series = [...text.matchAll(/^clerk_sync_(\w*user_update\w*(?:\{.*\})?) (\S+)$/gm)];
  const shown = series.filter(([, name = '']) => !/_bucket|_sum|_age_/.test(name));
  return Object.fromEntries(shown.map(([, name = '', value = '']) => [name, value]));
}

test('the service sends what is inserted, links the event to it, tells of it, and logs no secret', async () => {
  const { sql, service, insert, readRows } = await useServed();
  await insert('{"first_name": "Grace", "password": "a wrong horse battery clip"}');
  await insert('{"username": "user_0000001"}');
  await expect.poll(readRows, SOON).toEqual([
    { state: 'succeeded', linked: true },
    { state: 'rejected', linked: false },
  ]);
  expect([...(await sql`select first_name, last_message_id like 'msg_%' as by_event from clerk.users`)]).toEqual([
    { first_name: 'Grace', by_event: true },
  ]);
  expect(await readMetrics(service.url)).toEqual({
    'user_updates_total{action="update",state="succeeded"}': '1',
    'user_updates_total{action="update",state="rejected"}': '1',
    'user_update_calls_total{call="user",outcome="applied"}': '1',
    'user_update_calls_total{call="user",outcome="refused"}': '1',
    'user_update_duration_seconds_count{action="update"}': '2',
    'user_update_event_lag_seconds_count{action="update"}': '1',
  });
  expect(await service.sigterm()).toEqual({ code: 0, signal: null });
  expect(service.output().stderr).not.toMatch(/horse|Grace/);
});

test('a stop awaits the call that is under way, and makes no other', async () => {
  const { clerk, service, insert, readRows } = await useServed();
  clerk.intercept(({ method }) => (method === 'PATCH' ? { kind: 'slow', ms: 2000 } : undefined));
  await insert('{"password": "a wrong horse battery clip", "public_metadata": {}}');
  await insert('{"first_name": "Grace"}');
  await expect.poll(() => clerk.requests.some(({ method }) => method === 'PATCH'), SOON).toBe(true);
  expect(await service.sigterm()).toEqual({ code: 0, signal: null });
  expect((await readRows()).map(({ state }) => state)).toEqual(['pending', 'pending']);
  expect(clerk.requests.filter(({ method }) => method !== 'GET').length).toBe(1);
  expect(clerk.writes.map(({ orders }) => orders)).toEqual([['password']]);
});

test('with USER_UPDATES=off the service sends nothing', async () => {
  const { clerk, service, insert, readRows } = await useServed({ USER_UPDATES: 'off' });
  await insert('{"first_name": "Grace"}');
  await delay(2500);
  expect(await readRows()).toEqual([{ state: 'pending', linked: false }]);
  expect(clerk.requests).toEqual([]);
  expect(await readMetrics(service.url)).toMatchObject({ 'unsettled_user_updates{state="pending"}': '1' });
});
