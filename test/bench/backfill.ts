import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { UserShape } from '../support/fake-clerk/make-api-user.ts';
import { spawnFakeClerk } from '../support/fake-clerk/spawn-fake-clerk.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { readUsage, type Usage } from './process-usage.ts';
import { readOption } from './read-option.ts';
import { computeMedian, type Median } from './report.ts';
import { describeConditions, saveResults } from './save-results.ts';

/**
 * `npm run bench:backfill [-- --users 100000 --rounds 3]`: the real command against a fake Clerk that answers at once, into
 * an empty database; and the same walk without a database, which is the client's part of the cost. With users of two
 * shapes: two e-mail addresses, a phone number and a Google account; and one address with its Google account. Writes its
 * figures to `results/backfill-<time>.json`.
 */
const CLI = join(import.meta.dirname, '../../dist/cli.js');
const WALK = join(import.meta.dirname, 'walk-alone.ts');
const USERS = readOption('users', 100_000);
const ROUNDS = readOption('rounds', 3);
const SAMPLE_MS = 250;
const SHAPES = ['whole', 'plain'] as const satisfies UserShape[];

interface Measurement {
  readonly shape: UserShape;
  readonly usersPerSecond: number;
  readonly msPerPage: number;
  readonly cpuMicrosecondsPerUser: number;
  /** The walk alone: to ask and to read, and nothing else. Its requests wait for nobody. */
  readonly walkUsersPerSecond: number;
  readonly walkCpuMicrosecondsPerUser: number;
  readonly rssMiB: readonly number[];
}

async function main(): Promise<void> {
  const server = await startBenchServer();
  try {
    const rounds: Measurement[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      console.error(`round ${round} of ${ROUNDS}: ${USERS} users of each shape`);
      for (const shape of SHAPES) rounds.push(await measureShape(server, shape, round));
    }
    console.table(rounds.map(summarize));
    const usersPerSecond = Object.fromEntries(SHAPES.map((shape) => [shape, computeRate(rounds, shape)]));
    for (const [shape, { median, spread }] of Object.entries(usersPerSecond)) {
      console.log(`${shape}, users/s (floor 5,000): median ${Math.round(median)}, ±${Math.round(spread * 100)} %`);
    }
    const conditions = await describeConditions(server, ROUNDS);
    await saveResults('backfill', { conditions, users: USERS, usersPerSecond, rounds });
  } finally {
    await server.stop();
  }
}

function computeRate(rounds: readonly Measurement[], shape: UserShape): Median {
  return computeMedian(rounds.filter((round) => round.shape === shape).map(({ usersPerSecond }) => usersPerSecond));
}

async function measureShape(server: BenchServer, shape: UserShape, round: number): Promise<Measurement> {
  const database = await server.createDatabase(`backfill_${shape}_${round}`);
  const clerk = await spawnFakeClerk(USERS, shape);
  const env = { DATABASE_URL: database.url, CLERK_SECRET_KEY: clerk.secretKey, CLERK_API_URL: clerk.url };
  try {
    const walk = await runChild([WALK], env);
    const backfill = await runChild([CLI, 'backfill', '--json'], env);
    return { shape, ...describeBackfill(backfill), ...describeWalk(walk) };
  } finally {
    await clerk.close();
    await database.drop();
  }
}

interface Ended {
  readonly report: Record<string, number>;
  readonly samples: readonly Usage[];
}

async function runChild(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(process.execPath, args, { cwd: tmpdir(), env, stdio: 'pipe' });
  child.stderr.resume();
  const samples: Usage[] = [];
  const timer = setInterval(() => samples.push(readUsage(child.pid as number)), SAMPLE_MS);
  const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  clearInterval(timer);
  if (exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${exitCode}.`);
  return { report: JSON.parse(output), samples };
}

function describeBackfill({ report: { seconds = 0, pages = 0 }, samples }: Ended) {
  return {
    usersPerSecond: USERS / seconds,
    msPerPage: (seconds * 1000) / pages,
    cpuMicrosecondsPerUser: (Math.max(...samples.map(({ cpuSeconds }) => cpuSeconds)) / USERS) * 1e6,
    rssMiB: samples.map(({ rssMiB }) => Math.round(rssMiB)).filter((rssMiB) => rssMiB > 0),
  };
}

function describeWalk({ report: { users, seconds = 0, cpuSeconds = 0 } }: Ended) {
  if (users !== USERS) throw new Error(`The walk read ${users} users.`);
  return { walkUsersPerSecond: USERS / seconds, walkCpuMicrosecondsPerUser: (cpuSeconds / USERS) * 1e6 };
}

function summarize({ shape, rssMiB, ...round }: Measurement) {
  return {
    shape,
    'users/s': Math.round(round.usersPerSecond),
    'ms/page': Math.round(round.msPerPage),
    'CPU µs/user': Math.round(round.cpuMicrosecondsPerUser),
    'walk alone users/s': Math.round(round.walkUsersPerSecond),
    'walk alone CPU µs/user': Math.round(round.walkCpuMicrosecondsPerUser),
    'RSS MiB at 25 %': rssMiB[Math.floor(rssMiB.length / 4)],
    'RSS MiB at the end': rssMiB.at(-1),
    'RSS MiB at most': Math.max(...rssMiB),
  };
}

await main();
