import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sql } from 'postgres';
import { expect, test } from 'vitest';
import { type LineChild, spawnLines } from '../../support/child-lines.ts';
import { dumpTables } from '../../support/database-dump.ts';
import { makeApiUser } from '../../support/fake-clerk/make-api-user.ts';
import { createFaults, createRandom, hasOrders, makeRequest, readNumber, SECRET } from '../../support/update-storm.ts';
import { type NewUpdate, useUserUpdates } from '../../support/user-updates.ts';
import type { ProcessOptions } from '../../support/user-updates-process.ts';

const MODULE = join(import.meta.dirname, '../../support/user-updates-process.ts');
const PROCESSES = 3;
const IS_FULL = process.env.UPDATE_STORM === 'full';
const [REQUESTS, USERS] = IS_FULL ? [10_000, 1000] : [600, 60];
/** Clerk's own limit of an instance in production. */
const RATE = { calls: 950, perMs: 10_000 };

/** Three processes; now and then one is killed, and another takes its place. */
function keepProcesses(options: ProcessOptions, random: () => number) {
  const lines: string[] = [];
  const start = (): LineChild => {
    const child = spawnLines(MODULE, JSON.stringify(options));
    const read = async () => {
      for (;;) lines.push(await child.readLine());
    };
    read().catch(() => undefined);
    return child;
  };
  const children = Array.from({ length: PROCESSES }, start);
  return {
    lines,
    async killOne(): Promise<void> {
      const place = Math.floor(random() * PROCESSES);
      await children[place]?.kill('SIGKILL');
      children[place] = start();
    },
    stop: () => Promise.all(children.map((child) => child.kill('SIGTERM'))),
  };
}

test(`${REQUESTS} requests of ${USERS} users, ${PROCESSES} processes that are killed, and a Clerk that fails: each is settled, in order, no order twice`, {
  timeout: 3_600_000,
}, async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
  console.log(`seed ${seed}`);
  const random = createRandom(seed);
  const users = Array.from({ length: USERS }, (_, n) => makeApiUser(n));
  const rateLimit = { requests: 1000, perMs: 10_000 };
  const { clerk, sql, url } = await useUserUpdates({ users, rateLimit, deliver: undefined });
  const requests = Array.from({ length: REQUESTS }, (_, k) => makeRequest(k, USERS, random));
  clerk.intercept(createFaults(random, () => clerk.blockInstance(1000)));
  const startedAt = performance.now();
  const options = { databaseUrl: url, clerkUrl: clerk.url, secretKey: clerk.secretKey, rate: RATE };
  const processes = keepProcesses({ ...options, timings: { leaseMs: 4000, requestMs: 1500 } }, random);
  let kills = 0;
  const insertAll = async () => {
    for (let k = 0; k < REQUESTS; k += 50) await insert(sql, requests.slice(k, k + 50));
  };
  const killUntilAllAreSettled = async () => {
    const countSettled = async () =>
      Number((await sql`select count(*) from clerk.user_updates where settled_at is not null`)[0]?.count);
    while ((await countSettled()) < REQUESTS) {
      await delay(1000 + random() * 3000);
      await processes.killOne();
      kills += 1;
    }
  };
  await Promise.all([insertAll(), killUntilAllAreSettled()]);
  const tookMs = performance.now() - startedAt;
  await processes.stop();

  const rows = await sql<{ k: number; state: string; code: string | null; user_id: string }[]>`
      select id::int - min(id::int) over () as k, state, error -> 0 ->> 'code' as code, user_id
      from clerk.user_updates order by id`;
  const states = Map.groupBy(rows, ({ state, code }) => [state, ...(code === null ? [] : [code])].join(' '));
  console.log({
    ...{ requests: REQUESTS, kills, seconds: Math.round(tookMs / 1000), calls: clerk.requests.length },
    ...Object.fromEntries([...states].map(([name, of]) => [name, of.length])),
  });
  expect([...states.keys()].filter((name) => !EXPECTED_ENDS.has(name))).toEqual([]);

  // In order: nothing arrives at Clerk after a later request of the same user.
  const arrived = clerk.requests.filter(({ method }) => method !== 'GET');
  const lateOnes = [...Map.groupBy(arrived, ({ path }) => path.split('/')[2])].flatMap(([user, ofUser]) => {
    const numbers = ofUser.map(({ body }) => readNumber(body));
    return numbers.flatMap((number, place) =>
      number < Math.max(...numbers.slice(0, place + 1)) ? [[user, number]] : [],
    );
  });
  expect(lateOnes).toEqual([]);

  // None lost, and no order twice.
  const written = Map.groupBy(clerk.writes, ({ body }) => readNumber(body));
  const count = (k: number, isMetadata: boolean) =>
    (written.get(k) ?? []).filter(({ path }) => path.endsWith('/metadata') === isMetadata).length;
  const wrong = requests.flatMap((given, k) => {
    const { state, code } = rows[k] ?? {};
    const names = Object.keys(given.request as object);
    const [patched, put] = [count(k, false), count(k, true)];
    const wantsPut = names.some((name) => name.endsWith('_metadata'));
    const wantsPatch = names.some((name) => !name.endsWith('_metadata'));
    const isMissing = state === 'succeeded' && ((wantsPatch && patched === 0) || (wantsPut && put === 0));
    const isTwice = hasOrders(JSON.stringify(given.request)) && patched > 1;
    const isWrong = isMissing || isTwice || (code === 'form_param_format_invalid' && patched > 0);
    return isWrong ? [{ k, state, code, patched, put, names }] : [];
  });
  expect(wrong).toEqual([]);

  // Secrets are nowhere. All rows together hold what pg_dump writes.
  expect(JSON.stringify(await dumpTables(sql))).not.toMatch(SECRET);
  expect(processes.lines.filter((line) => SECRET.test(line))).toEqual([]);
  expect(processes.lines.length).toBeGreaterThan(REQUESTS / 2);
});

const EXPECTED_ENDS = new Set(['succeeded', 'rejected form_param_format_invalid', 'rejected outcome_unknown']);

async function insert(sql: Sql, requests: readonly NewUpdate[]): Promise<void> {
  await sql`
    insert into clerk.user_updates (user_id, request, metadata_mode)
    select r ->> 'user_id', r -> 'request', coalesce(r ->> 'metadata_mode', 'replace')
    from jsonb_array_elements(${JSON.stringify(requests)}::text::jsonb) with ordinality as t(r, place) order by place`;
}
