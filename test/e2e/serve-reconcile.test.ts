import { expect, onTestFinished, test } from 'vitest';
import { useTestDatabase } from '../support/database.ts';
import { dumpTables } from '../support/database-dump.ts';
import { makeUserId } from '../support/fake-clerk/make-api-user.ts';
import { spawnFakeClerk } from '../support/fake-clerk/spawn-fake-clerk.ts';
import { type Service, startService } from '../support/service.ts';
import { makeSecret, makeSignedRequest } from '../support/signed-request.ts';
import { makeUserEvent } from '../support/use-receiving-app.ts';

const USERS = 700;
/** A run every ten seconds, on a machine that has other things to do. */
const SOON = { timeout: 60_000, interval: 100 };

async function useServices(count: number, clerkEnv: Record<string, string> = {}) {
  const { url, sql } = await useTestDatabase();
  const clerk = await spawnFakeClerk(USERS);
  onTestFinished(() => clerk.close());
  const secret = makeSecret();
  const start = async () => {
    const service = await startService({
      env: {
        ...{ DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: secret, RECONCILE_INTERVAL: '10s' },
        ...{ CLERK_SECRET_KEY: clerk.secretKey, CLERK_API_URL: clerk.url, ...clerkEnv },
      },
    });
    onTestFinished(() => service.cleanUp());
    return service;
  };
  const services = await Promise.all(Array.from({ length: count }, start));
  const countUsers = async () => (await sql`select from clerk.users where deleted_at is null`).length;
  const readCopy = async () => {
    const { users, email_addresses: emails, phone_numbers: phones } = await dumpTables(sql, { omit: OWN });
    return { users, emails, phones };
  };
  return { services, sql, secret, countUsers, readCopy };
}

const OWN = ['synced_at', 'observed_at', 'last_message_id'];

/** `clerk_sync_reconcile_…`, with their labels, but for times. */
async function readMetrics({ url }: Service): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const series = [...text.matchAll(/^clerk_sync_(reconcile_(?:runs_total|drift_total|last_succeeded)\S*) (\S+)$/gm)];
  return Object.fromEntries(series.map(([, name, value]) => [name, Number(value)]));
}

test('the service makes the copy, repairs damage, reports it and stops in order', async () => {
  const { services, sql, countUsers, readCopy } = await useServices(1);
  const [service] = services as [Service];
  await expect.poll(countUsers, SOON).toBe(USERS);
  await expect
    .poll(() => readMetrics(service), SOON)
    .toEqual({
      'reconcile_runs_total{kind="full",end="finished"}': 1,
      'reconcile_drift_total{kind="missing",result="repaired"}': USERS,
      'reconcile_drift_total{kind="missing",result="left"}': 0,
      reconcile_last_succeeded: 1,
    });
  const whole = await readCopy();

  await sql`delete from clerk.users where id in ${sql([650, 651].map(makeUserId))}`;
  await sql`update clerk.users set first_name = 'Damaged' where id = ${makeUserId(699)}`;
  await sql`delete from clerk.phone_numbers where user_id = ${makeUserId(600)}`;
  await expect.poll(readCopy, SOON).toEqual(whole);
  await expect
    .poll(() => readMetrics(service), SOON)
    .toMatchObject({
      'reconcile_drift_total{kind="missing",result="repaired"}': USERS + 2,
      'reconcile_drift_total{kind="different",result="repaired"}': 2,
      'reconcile_drift_total{kind="different",result="left"}': 0,
    });
  expect(await service.sigterm()).toEqual({ code: 0, signal: null });
  const levels = new Set(service.logs().map(({ level }) => level));
  expect([...levels]).toEqual([30]);
});

test('only one of several services makes each run', async () => {
  const { services, sql, countUsers } = await useServices(3);
  await expect.poll(countUsers, SOON).toBe(USERS);
  const countRuns = async () => (await sql`select from clerk.reconcile_runs where state = 'finished'`).length;
  await expect.poll(countRuns, SOON).toBeGreaterThan(1);
  await Promise.all(services.map((service) => service.sigterm()));
  const runs =
    await sql`select kind, state, extract(epoch from started_at - lag(started_at) over (order by started_at))::int as after
    from clerk.reconcile_runs order by started_at`;
  expect(runs.slice(0, 2)).toMatchObject([
    { kind: 'full', after: null },
    { kind: 'incremental', state: 'finished' },
  ]);
  for (const { after } of runs.slice(1)) expect(after).toBeGreaterThanOrEqual(10);
});

test('if Clerk cannot be reached, deliveries and the stop still work', async () => {
  const { services, sql, secret } = await useServices(1, { CLERK_API_URL: 'http://127.0.0.1:1' });
  const [service] = services as [Service];
  const findRun = async () => [...(await sql`select state from clerk.reconcile_runs`)];
  await expect.poll(findRun, SOON).toEqual([{ state: 'running' }]);
  const answer = await fetch(
    `${service.url}/webhooks/clerk`,
    makeSignedRequest(JSON.stringify(makeUserEvent()), { secret }),
  );
  expect([answer.status, (await fetch(`${service.url}/readyz`)).status]).toEqual([200, 200]);
  expect(await service.sigterm()).toEqual({ code: 0, signal: null });
  expect(await findRun()).toEqual([{ state: 'failed' }]);
  expect(service.logs().map(({ msg }) => msg)).toEqual(
    expect.arrayContaining(['delivery settled', 'stopping', 'reconcile stopped', 'stopped']),
  );
});

test('without an interval or a key, the service asks nobody', async () => {
  const off = await useServices(1, { RECONCILE_INTERVAL: 'off' });
  const keyless = await useServices(1, { CLERK_SECRET_KEY: '' });
  // One that was started after them has made its run.
  const { countUsers } = await useServices(1);
  await expect.poll(countUsers, SOON).toBe(USERS);
  for (const { sql, services } of [off, keyless]) {
    expect([...(await sql`select from clerk.reconcile_runs`)]).toEqual([]);
    expect(await services[0]?.sigterm()).toEqual({ code: 0, signal: null });
  }
});
