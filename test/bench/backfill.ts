import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { spawnFakeClerk } from '../support/fake-clerk/spawn-fake-clerk.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { readUsage, type Usage } from './process-usage.ts';
import { computeMedian } from './report.ts';
import { describeConditions, saveResults } from './save-results.ts';

/**
 * `npm run bench:backfill [-- --users 100000 --rounds 3]`: the real command against a fake Clerk that answers at once, into
 * an empty database. Each user has two e-mail addresses, a phone number and a Google account. Writes its figures to
 * `results/backfill-<time>.json`.
 */
const CLI = join(import.meta.dirname, '../../src/cli.ts');
const USERS = readOption('--users', 100_000);
const ROUNDS = readOption('--rounds', 3);
const SAMPLE_MS = 250;

interface Measurement {
  readonly usersPerSecond: number;
  readonly msPerPage: number;
  readonly cpuMicrosecondsPerUser: number;
  readonly rssMiB: readonly number[];
}

async function main(): Promise<void> {
  const server = await startBenchServer();
  try {
    const rounds: Measurement[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      console.error(`round ${round} of ${ROUNDS}: ${USERS} users`);
      rounds.push(await measureBackfill(server, round));
    }
    console.table(rounds.map(summarize));
    const { median, spread } = computeMedian(rounds.map(({ usersPerSecond }) => usersPerSecond));
    console.log(`users/s (floor 5,000): median ${Math.round(median)}, ±${Math.round(spread * 100)} %`);
    const conditions = await describeConditions(server, ROUNDS);
    await saveResults('backfill', { conditions, users: USERS, usersPerSecond: { median, spread }, rounds });
  } finally {
    await server.stop();
  }
}

async function measureBackfill(server: BenchServer, round: number): Promise<Measurement> {
  const database = await server.createDatabase(`backfill_${round}`);
  const clerk = await spawnFakeClerk(USERS);
  const env = { DATABASE_URL: database.url, CLERK_SECRET_KEY: clerk.secretKey, CLERK_API_URL: clerk.url };
  try {
    const child = spawn(process.execPath, [CLI, 'backfill', '--json'], { cwd: tmpdir(), env, stdio: 'pipe' });
    child.stderr.resume();
    const samples: Usage[] = [];
    const timer = setInterval(() => samples.push(readUsage(child.pid as number)), SAMPLE_MS);
    const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    clearInterval(timer);
    if (exitCode !== 0) throw new Error(`The backfill ended with ${exitCode}.`);
    return toMeasurement(JSON.parse(output), samples);
  } finally {
    await clerk.close();
    await database.drop();
  }
}

function toMeasurement({ seconds, pages }: { seconds: number; pages: number }, samples: readonly Usage[]): Measurement {
  return {
    usersPerSecond: USERS / seconds,
    msPerPage: (seconds * 1000) / pages,
    cpuMicrosecondsPerUser: (Math.max(...samples.map(({ cpuSeconds }) => cpuSeconds)) / USERS) * 1e6,
    rssMiB: samples.map(({ rssMiB }) => Math.round(rssMiB)).filter((rssMiB) => rssMiB > 0),
  };
}

function summarize({ usersPerSecond, msPerPage, cpuMicrosecondsPerUser, rssMiB }: Measurement) {
  return {
    'users/s': Math.round(usersPerSecond),
    'ms/page': Math.round(msPerPage),
    'CPU µs/user': Math.round(cpuMicrosecondsPerUser),
    'RSS MiB at 25 %': rssMiB[Math.floor(rssMiB.length / 4)],
    'RSS MiB at the end': rssMiB.at(-1),
    'RSS MiB at most': Math.max(...rssMiB),
  };
}

function readOption(name: string, otherwise: number): number {
  const { argv } = process;
  const place = argv.indexOf(name);
  return place === -1 ? otherwise : Number(argv[place + 1]);
}

await main();
