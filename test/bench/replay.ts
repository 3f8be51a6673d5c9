import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createPool, type Pool } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { findDeadLetters } from '../../src/dead-letters/find-dead-letters.ts';
import { summarizeDeadLetters } from '../../src/dead-letters/summarize-dead-letters.ts';
import { cancelReplayRun } from '../../src/replay-runs/cancel-replay-run.ts';
import { getReplayRun } from '../../src/replay-runs/find-replay-runs.ts';
import { previewReplay } from '../../src/replay-runs/preview-replay.ts';
import { startReplayRun } from '../../src/replay-runs/start-replay-run.ts';
import { type BenchDatabase, type BenchServer, startBenchServer } from './bench-server.ts';
import { measureHttp } from './measure-http.ts';
import { measureWritePath } from './measure-write-path.ts';
import { readTreeUsage, readUsage } from './process-usage.ts';
import { readOption } from './read-option.ts';
import { insertLetters } from './replay-letters.ts';
import { compareRounds } from './report.ts';
import { describeConditions, saveResults } from './save-results.ts';

/**
 * `npm run bench:replay [-- --letters 100000 --rounds 3]`: lists, groups and tries 100,000 dead letters, replays them as a run
 * and from the queue, cancels a run, and measures how many deliveries the service takes while it replays beside them.
 * The barest statements that write the same rows for updates that were parsed before, in batches of 500 on one connection, are
 * measured in the same minute: machines differ, and only the ratio to them can be compared. Writes its figures to
 * `results/replay-<time>.json`.
 */
const LETTERS = readOption('letters', 100_000);
const ROUNDS = readOption('rounds', 3);
const SCENARIO = { concurrency: 32, users: 1000, events: 8000, warmUp: 1500 };
const PAGE = 50;
const UNRESOLVED = ['open', 'queued'] as const;

async function main(): Promise<void> {
  const server = await startBenchServer();
  try {
    const bulk = await measureBulk(server);
    console.table([bulk]);
    const rounds: Awaited<ReturnType<typeof measureBeside>>[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      console.error(`deliveries beside a run, round ${round} of ${ROUNDS}`);
      rounds.push(await measureBeside(server));
    }
    const ratio = compareRounds(
      rounds.map(({ beside }) => beside),
      rounds.map(({ alone }) => alone),
      ({ eventsPerSecond }) => eventsPerSecond,
    );
    console.log(
      `deliveries beside / alone (floor 0.90): ${ratio.median.toFixed(2)}, ±${Math.round(ratio.spread * 100)} %`,
    );
    await saveResults('replay', { conditions: await describeConditions(server, ROUNDS), bulk, ratio, rounds });
  } finally {
    await server.stop();
  }
}

/** One process replays, on a database with nothing else to do. */
async function measureBulk(server: BenchServer) {
  const database = await server.createDatabase('replay');
  const pool = createPool({ target: parseDatabaseUrl(database.url), size: 2 });
  const settle = { pool, deletedUsers: 'erase' } as const;
  const worker = startWorker(database);
  try {
    await insertLetters(database, { users: LETTERS / 5, letters: LETTERS });
    const pages = await measurePages(pool);
    const preview = await previewReplay(settle, {});
    const cpu = () => [readUsage(worker.pid ?? 0), readTreeUsage(server.postmasterPid)].map((one) => one.cpuSeconds);
    const before = cpu();
    const { secondsOfRun, cancelMs } = await measureRun(pool, LETTERS);
    const used = cpu().map((seconds, place) => ((seconds - (before[place] ?? 0)) / LETTERS) * 1e6);
    const queuedPerSecond = await measureQueue(database, LETTERS);
    const runPerSecond = LETTERS / secondsOfRun;
    const bare = await measureWritePath(server, 'limit', { batch: 500, users: 10_000, updates: 1 });
    return {
      ...{ ...pages, previewTried: preview.tried, runPerSecond, queuedPerSecond, cancelMs },
      ...{ nodeMicros: used[0], postgresMicros: used[1], bareUpdatesPerSecond: bare.updatesPerSecond },
      ...{ runToBare: runPerSecond / bare.updatesPerSecond, queuedToBare: queuedPerSecond / bare.updatesPerSecond },
    };
  } finally {
    await stopWorker(worker);
    await pool.close();
    await database.drop();
  }
}

/** The first and a middle page, and the summary, each the fifth time: in milliseconds. */
async function measurePages(pool: Pool) {
  const time = async (work: () => Promise<unknown>): Promise<number> => {
    let ms = 0;
    for (let n = 0; n < 5; n += 1) {
      const startedAt = performance.now();
      await work();
      ms = performance.now() - startedAt;
    }
    return ms;
  };
  const filter = { states: UNRESOLVED, limit: PAGE };
  const after = { firstFailedAt: new Date(Date.UTC(2026, 0, 1) + LETTERS / 2), messageId: '' };
  return {
    firstPageMs: await time(() => pool.withTransaction((session) => findDeadLetters(session, filter))),
    middlePageMs: await time(() => pool.withTransaction((session) => findDeadLetters(session, { ...filter, after }))),
    summaryMs: await time(() =>
      pool.withTransaction((session) => summarizeDeadLetters(session, { states: UNRESOLVED })),
    ),
  };
}

/** A run that is cancelled in its first half, and a second one for the rest. */
async function measureRun(pool: Pool, letters: number) {
  const start = () =>
    pool.withTransaction((session) =>
      startReplayRun(session, { filter: {}, note: null, maxPerSecond: null, requestedBy: 'bench' }),
    );
  const read = (runId: string) => pool.withTransaction((session) => getReplayRun(session, runId));
  const first = await start();
  while ((await read(first.run_id)).applied < letters / 4) await delay(20);
  const cancelledAt = performance.now();
  await pool.withTransaction((session) => cancelReplayRun(session, first.run_id, 'bench'));
  const cancelMs = performance.now() - cancelledAt;
  const stopped = await read(first.run_id);
  const second = await start();
  while ((await read(second.run_id)).state === 'running') await delay(50);
  const ended = await read(second.run_id);
  const parts = [stopped, ended].map(({ updated_at, started_at }) => updated_at.getTime() - started_at.getTime());
  return { cancelMs, secondsOfRun: parts.reduce((sum, ms) => sum + ms) / 1000 };
}

/** The same letters once more, as if they had not been replayed, from the statement's commit to the last of them. */
async function measureQueue({ sql }: BenchDatabase, letters: number): Promise<number> {
  await sql`truncate clerk.users cascade`;
  await sql`update clerk.dead_letters set state = 'queued', resolved_at = null, resolution = null`;
  const startedAt = performance.now();
  const isLeft = async () =>
    (await sql`select exists (select from clerk.dead_letters where state = 'queued') as is_left`)[0]?.is_left;
  while (await isLeft()) await delay(100);
  return letters / ((performance.now() - startedAt) / 1000);
}

/** The service with a run that lasts, and without any. */
async function measureBeside(server: BenchServer) {
  const environment = { RECONCILE_INTERVAL: 'off' };
  const alone = await measureHttp(server, 'clerk-sync', SCENARIO, { environment });
  const beside = await measureHttp(server, 'clerk-sync', SCENARIO, {
    environment,
    async prepare(sql, url) {
      await insertLetters({ sql, url }, { users: LETTERS / 5, letters: LETTERS });
      const pool = createPool({ target: parseDatabaseUrl(url), size: 1 });
      const options = { filter: {}, note: null, maxPerSecond: null, requestedBy: 'bench' };
      await pool.withTransaction((session) => startReplayRun(session, options));
      await pool.close();
    },
  });
  return { alone, beside };
}

function startWorker({ url }: BenchDatabase): ChildProcess {
  const module = join(import.meta.dirname, '../support/replay-process.ts');
  return spawn(process.execPath, [module, url], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function stopWorker(worker: ChildProcess): Promise<void> {
  worker.kill('SIGTERM');
  await once(worker, 'exit');
}

await main();
