import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { readUsage } from '../bench/process-usage.ts';
import { spawnCli } from '../support/cli-process.ts';
import { useTestDatabase } from '../support/database.ts';
import { makeExpectedUser, readColumns, readUserRows } from '../support/expected-api-rows.ts';
import { makeApiUser, makeUserId } from '../support/fake-clerk/make-api-user.ts';
import { spawnFakeClerk } from '../support/fake-clerk/spawn-fake-clerk.ts';

/**
 * The real command, against a fake Clerk in a process of its own that answers at once, with a hundred thousand users of
 * four children each.
 */
const USERS = 100_000;
const PAGES = USERS / 500;
const KILLS = 10;
const SEED = Number(process.env.BACKFILL_SEED ?? Date.now() % 2 ** 31);

async function useBackfillProcess() {
  const { sql, url } = await useTestDatabase();
  const clerk = await spawnFakeClerk(USERS);
  onTestFinished(() => clerk.close());
  const env = { DATABASE_URL: url, CLERK_SECRET_KEY: clerk.secretKey, CLERK_API_URL: clerk.url };
  return { sql, clerk, spawn: () => spawnCli(['backfill', '--json'], { directory: tmpdir(), env }) };
}

/** Each user with his children, every column, against the users that the fake Clerk serves. */
async function expectAllUsers(sql: Awaited<ReturnType<typeof useTestDatabase>>['sql'], instanceId: string) {
  const columns = await readColumns(sql);
  let n = 0;
  for await (const rows of readUserRows(sql)) {
    const expected = rows.map((_, place) => makeExpectedUser(makeApiUser(n + place), instanceId, columns));
    // Its own comparison takes minutes for as many, and is for telling what differs.
    if (JSON.stringify(sortKeys(rows)) !== JSON.stringify(sortKeys(expected))) expect(rows).toEqual(expected);
    n += rows.length;
  }
  expect(n).toBe(USERS);
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, sortKeys(inner)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('a hundred thousand users all arrive, equal in every field, and memory does not grow with them', async () => {
  const { sql, clerk, spawn } = await useBackfillProcess();
  const child = spawn();
  const output = text(child.stdout);
  const ended = once(child, 'close');
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(readUsage(child.pid as number).rssMiB), 100);
  const [exitCode] = await ended;
  clearInterval(timer);
  const report = JSON.parse(await output);
  expect({ exitCode, report }).toMatchObject({
    exitCode: 0,
    report: {
      ...{ state: 'finished', users_read: USERS, users_read_now: USERS, resumed: false },
      outcomes: { applied: USERS, stale: 0, dead_letter: 0 },
    },
  });
  await expectAllUsers(sql, clerk.instanceId);
  // The first quarter is when V8 finds out how much room it wants.
  const living = samples.filter((rssMiB) => rssMiB > 0);
  const quarter = Math.ceil(living.length / 4);
  const [early, late] = [Math.max(...living.slice(0, quarter)), Math.max(...living.slice(-quarter))];
  const rate = Math.round(USERS / report.seconds);
  console.info(
    `${rate} users/s; RSS at most ${early.toFixed(0)} MiB in the first quarter, ${late.toFixed(0)} in the last`,
  );
  expect(late).toBeLessThan(early * 1.3 + 20);
}, 300_000);

test(`a backfill that is killed ten times continues, and nobody is missing or there twice (seed ${SEED})`, async () => {
  const { sql, clerk, spawn } = await useBackfillProcess();
  const pages = choosePages();
  for (const [kills, page] of pages.entries()) {
    const child = spawn();
    const ended = once(child, 'close');
    await untilPage(sql, page, () => child.exitCode === null);
    // Anywhere in the page: before its commit, after it, before the checkpoint.
    await delay(pickFraction(kills) * 100);
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    await untilUnlocked(sql);
  }
  const last = spawn();
  const [output, [exitCode]] = await Promise.all([text(last.stdout), once(last, 'close')]);
  expect({ exitCode, report: JSON.parse(output) }).toMatchObject({
    exitCode: 0,
    report: { state: 'finished', resumed: true, users_read: USERS, pages: PAGES + 1 },
  });
  await expectAllUsers(sql, clerk.instanceId);
  const cursors = (await clerk.readListQueries()).map((query) => new URLSearchParams(query).get('starting_after'));
  const counts = new Map([...Map.groupBy(cursors, (cursor) => cursor)].map(([cursor, all]) => [cursor, all.length]));
  const wanted = [null, ...Array.from({ length: PAGES }, (_, page) => makeUserId(500 * (page + 1) - 1))];
  expect(new Set(counts.keys())).toEqual(new Set(wanted));
  // For each kill at most the page in work and the one that was fetched ahead are asked for again.
  expect(cursors.length - wanted.length).toBeLessThanOrEqual(2 * KILLS);
  expect(counts.get(null)).toBe(1);
  const [run] = await sql`select count(*)::int as runs, sum(stale)::int as stale from clerk.backfill_runs`;
  expect(run).toEqual({ runs: 1, stale: 0 });
  console.info(`killed behind pages ${pages.join(', ')}; ${cursors.length - wanted.length} pages asked for again`);
}, 300_000);

/** A number from 0 to 1 that the seed and the kill decide. */
function pickFraction(kill: number): number {
  return ((SEED * 31 + kill * 7919 + 17) % 1009) / 1009;
}

/** Ten pages, in order, one in each tenth of the walk. */
function choosePages(): number[] {
  const tenth = (PAGES - 10) / KILLS;
  return Array.from({ length: KILLS }, (_, kill) => 1 + Math.floor(tenth * (kill + pickFraction(kill + 100))));
}

type Sql = Awaited<ReturnType<typeof useTestDatabase>>['sql'];

async function untilPage(sql: Sql, page: number, isAlive: () => boolean): Promise<void> {
  for (;;) {
    if (!isAlive()) throw new Error('The backfill has ended before it was killed.');
    const [run] = await sql<{ pages: number }[]>`select pages from clerk.backfill_runs`;
    if ((run?.pages ?? 0) >= page) return;
    await delay(5);
  }
}

async function untilUnlocked(sql: Sql): Promise<void> {
  const locks = () => sql`
    select from pg_locks l join pg_database d on d.oid = l.database
    where l.locktype = 'advisory' and d.datname = current_database()`;
  while ((await locks()).length > 0) await delay(5);
}
