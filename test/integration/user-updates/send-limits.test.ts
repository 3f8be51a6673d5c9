import { expect, test } from 'vitest';
import { makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { useUserUpdates } from '../../support/user-updates.ts';

const ADA = makeUserId(0);

test('a user who must wait holds up nobody else: the others take as long as without that user', async () => {
  const { clerk, insert, send, sql } = await useUserUpdates({ userCount: 202 });
  const fill = async (first: number, count: number) => {
    await sql`
      insert into clerk.user_updates (user_id, request)
      select ${ADA.slice(0, -3)} || lpad(n::text, 3, '0'), '{"first_name": "Grace"}'
      from generate_series(${first}::int, ${first + count - 1}::int) n`;
  };
  const time = async () => {
    const startedAt = performance.now();
    const report = await send();
    return { report, ms: performance.now() - startedAt };
  };
  await fill(2, 100);
  const without = await time();
  clerk.blockUser(ADA, 10_000);
  for (let n = 0; n < 50; n += 1) await insert({ user_id: ADA, request: { first_name: `Ada ${n}` } });
  await fill(102, 100);
  const beside = await time();
  expect([without.report, beside.report]).toEqual([
    { succeeded: 100, rejected: 0, pending: 0 },
    { succeeded: 100, rejected: 0, pending: 1 },
  ]);
  console.log(`beside / without: ${(beside.ms / without.ms).toFixed(2)}`);
  // A wait of ten seconds would be several times as long.
  expect(beside.ms).toBeLessThan(without.ms * 2 + 1000);
  // The time that Clerk has asked for is in the row; it does not count as an attempt.
  const [row] = await sql`
    select state, attempts, calls -> 0 ->> 'outcome' as outcome,
      extract(epoch from next_attempt_at - (calls -> 0 ->> 'at')::timestamptz)::float8 as wait
    from clerk.user_updates where user_id = ${ADA} order by id limit 1`;
  expect(row).toEqual({ state: 'pending', attempts: 0, outcome: 'rate_limited', wait: expect.any(Number) });
  expect(row?.wait).toBeGreaterThan(9.9);
  expect(row?.wait).toBeLessThan(13);
});

test('a user gets ten calls in ten seconds, whichever processes make them, and Clerk has to refuse none', async () => {
  const { clerk, insert, send, scene, sql } = await useUserUpdates();
  for (let n = 0; n < 7; n += 1) {
    await insert({ user_id: ADA, request: { first_name: `Ada ${n}`, public_metadata: { n } } });
  }
  await Promise.all([send(), send(), send({ timings: { ...scene.timings, concurrency: 1 } })]);
  expect(clerk.requests.filter(({ method }) => method !== 'GET').length).toBe(10);
  const [row] = await sql`
    select state, attempts, next_attempt_at > now() + interval '5 s' as waits, jsonb_array_length(calls) as calls
    from clerk.user_updates where state = 'pending' order by id limit 1`;
  expect(row).toEqual({ state: 'pending', attempts: 0, waits: true, calls: 0 });
});

test('all processes together stay below the share of the limit of the instance', async () => {
  const { clerk, insert, send } = await useUserUpdates({ userCount: 60, rateLimit: { requests: 40, perMs: 2000 } });
  for (let n = 0; n < 60; n += 1) await insert({ user_id: makeUserId(n), request: { first_name: 'Grace' } });
  const rate = { calls: 36, perMs: 2000 };
  const reports = await Promise.all([send({ rate }), send({ rate }), send({ rate })]);
  expect(reports.reduce((sum, { succeeded }) => sum + succeeded, 0)).toBe(60);
  // Beside them each process has asked once which instance it is.
  const times = clerk.requests.filter(({ path }) => path !== '/instance').map(({ at }) => at);
  const most = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 2000).length));
  expect(most).toBeLessThanOrEqual(36);
  expect(most).toBeGreaterThan(15);
});

test('where Clerk holds back the instance nobody sends, and the time is in one row for all', async () => {
  const { clerk, insert, send, sql, read } = await useUserUpdates();
  const ids = [0, 1, 2].map((n) => insert({ user_id: makeUserId(n), request: { first_name: 'Grace' } }));
  await Promise.all(ids);
  clerk.intercept(({ method }) =>
    method === 'PATCH' ? { kind: 'status', status: 429, headers: { 'retry-after': '7' } } : undefined,
  );
  await send();
  const readRow = async () =>
    (await sql`select blocked_until > now() + interval '5 s' as blocked from clerk.user_update_limits`)[0];
  // One or two users in a row may each be at their own limit. Three are not.
  expect(await readRow()).toEqual({ blocked: true });
  clerk.intercept(undefined);
  await sql`update clerk.user_updates set next_attempt_at = now()`;
  const asked = clerk.requests.length;
  expect(await send()).toEqual({ succeeded: 0, rejected: 0, pending: 0 });
  expect(clerk.requests.slice(asked).map(({ path }) => path)).toEqual(['/instance']);
  await sql`update clerk.user_update_limits set blocked_until = now()`;
  expect(await send()).toEqual({ succeeded: 3, rejected: 0, pending: 0 });
  expect((await read((await ids[0]) as number)).attempts).toBe(1);
});

test('a trigger that answers each change with a request comes to its end', async () => {
  // The limit of the user would only slow the loop down.
  const userRateLimit = { requests: 1000, perMs: 10_000 };
  const { insert, send, sql, deliver } = await useUserUpdates({ userRateLimit });
  await sql.unsafe(`
    create schema app;
    create function app.count_up() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      insert into clerk.user_updates (user_id, request)
      values (new.id, jsonb_build_object('unsafe_metadata', jsonb_build_object('n', random())));
      return null;
    end $$;
    create trigger count_up after insert or update on clerk.users for each row execute function app.count_up()`);
  await insert({ user_id: ADA, request: { first_name: 'Grace' } });
  const settle = async () => {
    await send();
    await deliver();
    await sql`update clerk.user_updates set next_attempt_at = now() where state = 'pending'`;
    await sql`update clerk.user_updates set settled_at = settled_at - interval '1 minute' where settled_at is not null`;
    const [row] = await sql`select count(*)::int as left from clerk.user_updates where state = 'pending'`;
    return row?.left === 0;
  };
  for (let time = 0; time < 30 && !(await settle()); time += 1);
  expect([
    ...(await sql`
    select state, from_trigger, error -> 0 ->> 'code' as code, count(*)::int > 0 as some,
      case when state = 'succeeded' then count(*)::int end as count
    from clerk.user_updates group by 1, 2, 3 order by 1, 2`),
  ]).toEqual([
    { state: 'rejected', from_trigger: true, code: 'update_loop', some: true, count: null },
    { state: 'succeeded', from_trigger: false, code: null, some: true, count: 1 },
    { state: 'succeeded', from_trigger: true, code: null, some: true, count: 10 },
  ]);
});
