import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { assembleClerkSync } from '../../../src/library/assemble-clerk-sync.ts';
import { callCli } from '../../support/cli.ts';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { useFakeClerk } from '../../support/fake-clerk/use-fake-clerk.ts';
import { useLibrary } from '../../support/use-library.ts';
import { useUserUpdates } from '../../support/user-updates.ts';

const ADA = makeUserId(0);

test('updates send sends what is due, and says what is left', async () => {
  const { insert, url, clerk, sql } = await useUserUpdates();
  const env = { DATABASE_URL: url, CLERK_SECRET_KEY: clerk.secretKey, CLERK_API_URL: clerk.url };
  const run = (...args: string[]) => callCli(['updates', 'send', ...args], { env });
  await insert({ user_id: ADA, request: { first_name: 'Grace' } });
  expect(await run()).toEqual({ exitCode: 0, stdout: '1 succeeded, 0 were rejected, 0 wait.\n', stderr: '' });
  await insert({ user_id: ADA, request: { username: 'user_0000001' } });
  const waiting = await insert({ user_id: makeUserId(1), request: { first_name: 'Grace' } });
  await sql`update clerk.user_updates set next_attempt_at = now() + interval '1 hour' where id = ${waiting}`;
  expect(await run()).toEqual({
    exitCode: 3,
    stdout:
      '0 succeeded, 1 was rejected, 1 waits.\nWhy they were rejected:  clerk-sync updates list --state rejected\n',
    stderr: '',
  });
  const { stdout, exitCode } = await run('--json', '--deadline', '5');
  expect({ exitCode, answer: JSON.parse(stdout) }).toEqual({
    exitCode: 3,
    answer: { succeeded: 0, rejected: 0, waiting: 1 },
  });
});

test('updates send needs the key, and says what is wrong with one that Clerk does not accept', async () => {
  const { insert, url, clerk } = await useUserUpdates();
  await insert({ user_id: ADA, request: { first_name: 'Grace' } });
  const env = { DATABASE_URL: url, CLERK_API_URL: clerk.url };
  const without = await callCli(['updates', 'send'], { env });
  expect([without.exitCode, without.stderr]).toEqual([2, expect.stringContaining('CLERK_SECRET_KEY is not set')]);
  const wrong = await callCli(['updates', 'send'], {
    env: { ...env, CLERK_SECRET_KEY: 'sk_live_anotherKey0000000000' },
  });
  expect([wrong.exitCode, wrong.stderr]).toEqual([1, expect.stringContaining('Clerk does not accept the secret key')]);
});

test('the library sends what is due until its deadline, and finishes the call in hand', async () => {
  const clerk = await useFakeClerk({ users: Array.from({ length: 60 }, (_, n) => makeApiUser(n)) });
  const { clerkSync, sql } = await useLibrary({ secretKey: clerk.secretKey, apiUrl: clerk.url });
  await sql`
    insert into clerk.user_updates (user_id, request)
    select ${ADA.slice(0, -2)} || lpad(n::text, 2, '0'), '{"first_name": "Grace"}' from generate_series(0, 59) n`;
  clerk.intercept(({ method }) => (method === 'PATCH' ? { kind: 'slow', ms: 1500 } : undefined));
  const { succeeded, rejected, waiting } = await clerkSync.userUpdates.send({ deadlineMs: 2500 });
  expect([rejected, succeeded + waiting]).toEqual([0, 60]);
  expect(waiting).toBeGreaterThan(0);
  // What had begun was awaited: nothing is unclear, and nobody has to wait for a lease.
  const [row] = await sql`
    select count(*) filter (where state = 'sending')::int as sending, count(*) filter (where calls @> '[{"outcome": "unclear"}]')::int as unclear
    from clerk.user_updates`;
  expect(row).toEqual({ sending: 0, unclear: 0 });
  clerk.intercept(undefined);
  expect(await clerkSync.userUpdates.send()).toEqual({ succeeded: waiting, rejected: 0, waiting: 0 });
});

test('a service that listens sends at once, and a connection that is lost is no failure', async () => {
  const { insert, target, clerk, sql } = await useUserUpdates();
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const metrics = {
    recordVerified: () => undefined,
    recordDelivery: () => undefined,
    recordRejection: () => undefined,
  };
  const settings = {
    target,
    secrets: [],
    deletedUsers: 'erase',
    secretKey: clerk.secretKey,
    apiUrl: clerk.url,
  } as const;
  const parts = { settings, pool: createPool({ target, size: 1 }), metrics: metrics as never, logger: silent };
  const { keepSending, clerkSync } = assembleClerkSync(parts);
  onTestFinished(() => clerkSync.close());
  const stopping = new AbortController();
  const seen: string[] = [];
  const observer = {
    recordUserUpdateCall: ({ call, outcome }: { call: string; outcome: string }) =>
      void seen.push(`${call} ${outcome}`),
    recordUserUpdate: ({ state }: { state: string }) => void seen.push(state),
    recordUserUpdateEvent: () => undefined,
  };
  const ended = keepSending({ share: 0.5, observer, signal: stopping.signal });
  const listeners = () => sql`
    select pid from pg_stat_activity where datname = current_database() and query = 'listen clerk_user_updates'`;
  await expect.poll(listeners, { timeout: 20_000 }).toHaveLength(1);
  await insert({ user_id: ADA, request: { first_name: 'Grace' } });
  await expect.poll(() => seen, { timeout: 20_000 }).toEqual(['user applied', 'succeeded']);
  const [listener] = await listeners();
  await sql`select pg_terminate_backend(${listener?.pid})`;
  await delay(50);
  await insert({ user_id: ADA, request: { first_name: 'Mary' } });
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(4);
  stopping.abort();
  await ended;
});
