import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type postgres from 'postgres';
import { makeUserId } from '../support/fake-clerk/make-api-user.ts';
import type { ProcessOptions } from '../support/user-updates-process.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { type HttpMeasurement, measureHttp } from './measure-http.ts';
import { readOption } from './read-option.ts';
import { compareRounds, computeMedian } from './report.ts';
import { describeConditions, saveResults } from './save-results.ts';

/**
 * `npm run bench:updates [-- --rounds 3]`: one process sends user updates to a fake Clerk that answers at once. How many a
 * second, without Clerk's limits; how long one takes from its insert to Clerk's answer, at 20 a second; how fast 10,000 are sent
 * while Clerk blocks another user for ten seconds, and without that; and how many deliveries the service takes while it
 * sends beside them as fast as Clerk lets it. Writes its figures to `results/updates-<time>.json`.
 */
const ROUNDS = readOption('rounds', 3);
const REQUESTS = readOption('requests', 3000);
const OTHERS = readOption('others', 10_000);
/** The last of them is the one that is blocked, and has requests of its own only. */
const USERS = 1000;
const BLOCK_MS = 10_000;
const REQUESTS_OF_BLOCKED = 50;
const SINGLE = 300;
const SINGLE_EVERY_MS = 50;
const SCENARIO = { concurrency: 32, users: 1000, events: 8000, warmUp: 1500 };
const NO_LIMIT = { calls: 1e9, perMs: 10_000 };

interface Round {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Requests a second of others, without and beside a user whom Clerk blocks. */
  readonly othersAlone: number;
  readonly othersBeside: number;
  readonly alone: HttpMeasurement;
  readonly beside: HttpMeasurement;
}

async function main(): Promise<void> {
  const server = await startBenchServer();
  const clerk = spawn(process.execPath, [join(import.meta.dirname, 'writing-clerk.ts'), String(USERS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { url: clerkUrl, secretKey } = JSON.parse(await readLine(clerk));
  const block = (id: string) => clerk.stdin.write(`${JSON.stringify({ block: id, ms: BLOCK_MS })}\n`);
  try {
    const rounds: Round[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      console.error(`round ${round} of ${ROUNDS}`);
      const options = { clerkUrl, secretKey };
      rounds.push({
        ...(await measureAlone(server, round, { ...options, block })),
        ...(await measureBeside(server, options)),
      });
    }
    const median = (figure: (round: Round) => number) => Math.round(computeMedian(rounds.map(figure)).median);
    const ratio = compareRounds(
      rounds.map(({ beside }) => beside),
      rounds.map(({ alone }) => alone),
      ({ eventsPerSecond }) => eventsPerSecond,
    );
    const blocked = compareRounds(
      rounds.map(({ othersBeside }) => othersBeside),
      rounds.map(({ othersAlone }) => othersAlone),
      (perSecond) => perSecond,
    );
    const figures = {
      requestsPerSecond: median(({ requestsPerSecond }) => requestsPerSecond),
      insertToAnswerP50Ms: median(({ p50Ms }) => p50Ms),
      insertToAnswerP99Ms: median(({ p99Ms }) => p99Ms),
      deliveriesPerSecondAlone: median(({ alone }) => alone.eventsPerSecond),
      deliveriesPerSecondBeside: median(({ beside }) => beside.eventsPerSecond),
    };
    console.table([figures]);
    console.log(
      `deliveries beside / alone (floor 0.90): ${ratio.median.toFixed(2)}, ±${Math.round(ratio.spread * 100)} %`,
    );
    console.log(
      `beside a blocked user / without: ${blocked.median.toFixed(2)}, ±${Math.round(blocked.spread * 100)} %`,
    );
    const conditions = await describeConditions(server, ROUNDS);
    await saveResults('updates', { conditions, figures, ratio, blocked, rounds });
  } finally {
    clerk.kill();
    await server.stop();
  }
}

type Clerk = Pick<ProcessOptions, 'clerkUrl' | 'secretKey'>;

/** All at once, then one after the other, and then those of others while one user is blocked, and is not. */
async function measureAlone(
  server: BenchServer,
  round: number,
  { block, ...clerk }: Clerk & { readonly block: (userId: string) => void },
) {
  const database = await server.createDatabase(`updates_${round}`);
  const { sql, url: databaseUrl } = database;
  const module = join(import.meta.dirname, '../support/user-updates-process.ts');
  const options: ProcessOptions = { ...clerk, databaseUrl, rate: NO_LIMIT };
  const sender = spawn(process.execPath, [module, JSON.stringify(options)], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    await insert(sql, 1, 'first');
    await waitForAll(sql, 'first');
    await insert(sql, REQUESTS, 'many');
    const requestsPerSecond = await measureRate(sql, 'many');
    for (let n = 0; n < SINGLE; n += 1) {
      await insert(sql, 1, 'single', n);
      await delay(SINGLE_EVERY_MS);
    }
    await waitForAll(sql, 'single');
    const [single] = await sql`
      select percentile_cont(array[0.5, 0.99]) within group (
        order by extract(epoch from settled_at - created_at) * 1000)::float8[] as ms
      from clerk.user_updates where request ->> 'last_name' = 'single'`;
    await insert(sql, OTHERS, 'alone');
    const othersAlone = await measureRate(sql, 'alone');
    const userId = makeUserId(USERS - 1);
    block(userId);
    await sql`
      insert into clerk.user_updates (user_id, request)
      select ${userId}, jsonb_build_object('first_name', n::text) from generate_series(1, ${REQUESTS_OF_BLOCKED}::int) n`;
    await insert(sql, OTHERS, 'beside');
    const othersBeside = await measureRate(sql, 'beside');
    return {
      ...{ requestsPerSecond, othersAlone, othersBeside },
      ...{ p50Ms: Number(single?.ms[0]), p99Ms: Number(single?.ms[1]) },
    };
  } finally {
    sender.kill('SIGTERM');
    await once(sender, 'exit');
    await database.drop();
  }
}

/** The service with a backlog that lasts, and without any. */
async function measureBeside(server: BenchServer, { clerkUrl, secretKey }: Clerk) {
  const environment = { CLERK_API_URL: clerkUrl, CLERK_SECRET_KEY: secretKey, RECONCILE_INTERVAL: 'off' };
  const alone = await measureHttp(server, 'clerk-sync', SCENARIO, { environment });
  const beside = await measureHttp(server, 'clerk-sync', SCENARIO, {
    environment,
    prepare: (sql) => insert(sql, 20_000, 'many'),
  });
  return { alone, beside };
}

/** Each request changes something: its name is its own. */
async function insert(sql: postgres.Sql, count: number, name: string, first = 0): Promise<void> {
  await sql`
    insert into clerk.user_updates (user_id, request)
    select ${makeUserId(0).slice(0, -7)} || lpad((n % ${USERS - 1})::text, 7, '0'),
      jsonb_build_object('last_name', ${name}::text, 'first_name', gen_random_uuid()::text)
    from generate_series(${first}::int, ${first + count - 1}::int) n`;
}

/** Requests a second of this name, from their insert until the last is settled. */
async function measureRate(sql: postgres.Sql, name: string): Promise<number> {
  await waitForAll(sql, name);
  const [row] = await sql`
    select count(*) / extract(epoch from max(settled_at) - min(created_at))::float8 as rate
    from clerk.user_updates where request ->> 'last_name' = ${name}`;
  return Number(row?.rate);
}

async function waitForAll(sql: postgres.Sql, name: string): Promise<void> {
  const countLeft = async () =>
    (
      await sql`
      select from clerk.user_updates
      where state in ('pending', 'sending') and request ->> 'last_name' = ${name} limit 1`
    ).length;
  while ((await countLeft()) > 0) await delay(100);
}

async function readLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('The fake Clerk has no output.');
  const [line] = await once(createInterface({ input: stdout }), 'line');
  return String(line);
}

await main();
