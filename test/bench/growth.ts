import { randomBytes } from 'node:crypto';
import { createPool, type Pool } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { makeDeliveryEntry } from '../../src/sync/batch-entry.ts';
import { settleBatch } from '../../src/sync/settle-batch.ts';
import { type BenchEventsOptions, createBenchEvents } from './bench-events.ts';
import { type BenchDatabase, startBenchServer } from './bench-server.ts';
import { type RunningContender, startContender } from './contenders.ts';
import { generateLoad } from './measure-http.ts';
import { readUsage } from './process-usage.ts';
import { readOption } from './read-option.ts';
import { computeMedian } from './report.ts';
import { describeConditions, saveResults } from './save-results.ts';

/**
 * `npm run bench:growth [-- --users 1000000 --updates 1000000 --soak 500000]`: throughput with a thousand users in the
 * tables and with many, before and after as many updates; then the service's memory and latency over a long run. Takes
 * about half an hour, and writes its figures to `results/growth-<time>.json`.
 */
const USERS = readOption('users', 1_000_000);
const UPDATES = readOption('updates', 1_000_000);
const SOAK = readOption('soak', 500_000);
const ROUNDS = 5;
const EVENTS = 10_000;
const SMALL = 1000;
/** A prime, so that the users are gone through without following the order in which they were written. */
const STRIDE = 611_953;

const server = await startBenchServer();
try {
  const growth = await measureGrowth();
  const soakRows = await soak();
  console.table(soakRows);
  await saveResults('growth', { conditions: await describeConditions(server, ROUNDS), ...growth, soak: soakRows });
} finally {
  await server.stop();
}

/** A database with users in it, and a service on it. */
interface Scene {
  readonly users: number;
  readonly database: BenchDatabase;
  readonly program: RunningContender;
  readonly secret: string;
  /** The next event of the endless row; every user is there already. */
  nextEvent: number;
}

/** Small and large in turn, so that a slow minute of the machine hits both; then again after the updates. */
async function measureGrowth() {
  const scenes = [await openScene(SMALL), await openScene(USERS)] as const;
  try {
    const before = await compareScenes(scenes, 'users are written once');
    const sizeBefore = await measureTables(scenes[1]);
    await applyUpdates(scenes[1], UPDATES);
    const sizeAfter = await measureTables(scenes[1]);
    const after = await compareScenes(scenes, `after ${UPDATES} updates`);
    console.table({ before: sizeBefore, after: sizeAfter });
    return { before, after, sizeBefore, sizeAfter };
  } finally {
    for (const { program, database } of scenes) {
      await program.stop();
      await database.drop();
    }
  }
}

async function openScene(users: number): Promise<Scene> {
  const database = await server.createDatabase(`growth_${users}`);
  await write(database, { run: 'g', users, events: users });
  await database.sql.unsafe('vacuum (analyze)');
  const secret = `whsec_${randomBytes(24).toString('base64')}`;
  const program = await startContender('clerk-sync', database.url, secret);
  return { users, database, program, secret, nextEvent: users };
}

async function compareScenes(scenes: readonly [Scene, Scene], when: string) {
  const rounds: [GrowthRound, GrowthRound][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push([await measureUpdates(scenes[0]), await measureUpdates(scenes[1])]);
  }
  const rows = scenes.map(({ users }, place) => {
    const middle = (figure: keyof GrowthRound) =>
      Number(computeMedian(rounds.map((round) => round[place as 0 | 1][figure])).median.toFixed(1));
    return { users, 'events/s': Math.round(middle('eventsPerSecond')), p50: middle('p50'), p99: middle('p99') };
  });
  const ratio = computeMedian(rounds.map(([small, large]) => large.eventsPerSecond / small.eventsPerSecond));
  console.table(rows);
  console.log(`${when}: ${USERS} / ${SMALL} users: ${ratio.median.toFixed(2)} ± ${Math.round(ratio.spread * 100)} %`);
  return { rows, ratio };
}

interface GrowthRound {
  readonly eventsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** Updates of users that are all there, 32 at once, jumping about among them. */
async function measureUpdates(scene: Scene): Promise<GrowthRound> {
  const { users, program, secret, nextEvent } = scene;
  const source = { run: 'g', users, events: EVENTS, firstEvent: nextEvent, stride: STRIDE };
  scene.nextEvent += EVENTS;
  const load = { ...source, port: program.port, secret, concurrency: 32, warmUp: 1000 };
  const { result } = await generateLoad(load, () => Promise.resolve());
  return { eventsPerSecond: result.events / result.seconds, p50: result.p50, p99: result.p99 };
}

async function applyUpdates(scene: Scene, events: number): Promise<void> {
  const { database, users, nextEvent } = scene;
  scene.nextEvent += events;
  await write(database, { run: 'g', users, events, firstEvent: nextEvent, stride: STRIDE });
}

/** What the tables take, and what vacuum has left to do. */
async function measureTables({ database }: Scene): Promise<Record<string, number>> {
  const [row] = await database.sql`
    select sum(pg_table_size(relid))::float / 1048576 as tables, sum(pg_indexes_size(relid))::float / 1048576 as indexes,
      sum(n_dead_tup)::int as dead, sum(n_live_tup)::int as live,
      (sum(n_tup_hot_upd) * 100 / greatest(sum(n_tup_upd), 1))::int as hot, sum(autovacuum_count)::int as autovacuums
    from pg_stat_user_tables where schemaname = 'clerk'`;
  return {
    'tables MiB': Math.round(row?.tables),
    'indexes MiB': Math.round(row?.indexes),
    'dead tuples': row?.dead,
    'live tuples': row?.live,
    'HOT %': row?.hot,
    autovacuums: row?.autovacuums,
  };
}

/** Writes users through the write path, two batches at once. */
async function write(database: BenchDatabase, source: BenchEventsOptions): Promise<void> {
  const pool = createPool({ target: parseDatabaseUrl(database.url), size: 2 });
  const events = createBenchEvents(source);
  await Promise.all([fillFrom(pool, events), fillFrom(pool, events)]);
  await pool.close();
}

async function fillFrom(pool: Pool, events: ReturnType<typeof createBenchEvents>): Promise<void> {
  const at = new Date();
  for (;;) {
    const batch = Array.from({ length: 500 }, () => events.next().value ?? undefined).filter(
      (event) => event !== undefined,
    );
    if (batch.length === 0) return;
    const entries = batch.map(({ messageId, body }) =>
      makeDeliveryEntry({ messageId, body, signedAt: at, receivedAt: at }),
    );
    await settleBatch({ pool, deletedUsers: 'erase' }, entries, 60_000);
  }
}

/** One service under load for a long time: its memory, its latency and what vacuum has to do. */
async function soak() {
  const database = await server.createDatabase('soak');
  const secret = `whsec_${randomBytes(24).toString('base64')}`;
  const program = await startContender('clerk-sync', database.url, secret);
  const rows: Record<string, number>[] = [];
  try {
    for (let sent = 0; sent < SOAK; sent += EVENTS) {
      const source = { run: 's', users: 1000, events: EVENTS, firstEvent: sent };
      const load = { ...source, port: program.port, secret, concurrency: 128, warmUp: 0 };
      const { result } = await generateLoad(load, () => Promise.resolve());
      const [tuples] = await database.sql`
        select sum(n_dead_tup)::int as dead, (sum(n_tup_hot_upd) * 100 / greatest(sum(n_tup_upd), 1))::int as hot,
          sum(pg_total_relation_size(relid))::float / 1048576 as mib
        from pg_stat_user_tables where schemaname = 'clerk'`;
      const events = sent + EVENTS;
      if (events === EVENTS || events % 100_000 === 0) {
        rows.push({
          events,
          'RSS MiB': Math.round(readUsage(program.pid).rssMiB),
          'events/s': Math.round(result.events / result.seconds),
          p50: Math.round(result.p50),
          p99: Math.round(result.p99),
          'dead tuples': Number(tuples?.dead),
          'HOT %': Number(tuples?.hot),
          'tables MiB': Math.round(Number(tuples?.mib)),
        });
      }
    }
    return rows;
  } finally {
    await program.stop();
    await database.drop();
  }
}
