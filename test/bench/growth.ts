import { randomBytes } from 'node:crypto';
import { createPool, type Pool } from '../../src/db/pool.ts';
import { makeEntry } from '../../src/sync/make-entry.ts';
import { settleBatch } from '../../src/sync/settle-batch.ts';
import { type BenchEventsOptions, createBenchEvents } from './bench-events.ts';
import { type BenchDatabase, startBenchServer } from './bench-server.ts';
import { startContender } from './contenders.ts';
import { generateLoad } from './measure-http.ts';
import { readUsage } from './process-usage.ts';

/**
 * `npm run bench:growth [-- --users 1000000 --soak 500000]`: throughput with a thousand users in the tables and with
 * many, and the service's memory and latency over a long run. Takes about twenty minutes.
 */
const { argv } = process;
const readOption = (name: string, fallback: number) =>
  Number(argv[argv.indexOf(`--${name}`) + 1] ?? fallback) || fallback;
const USERS = argv.includes('--users') ? readOption('users', 1_000_000) : 1_000_000;
const SOAK = argv.includes('--soak') ? readOption('soak', 500_000) : 500_000;
const EVENTS = 10_000;
/** A prime, so that the users are gone through without following the order in which they were written. */
const STRIDE = 611_953;

const server = await startBenchServer();
try {
  const small = await measureWithUsers(1000);
  const large = await measureWithUsers(USERS);
  console.table([small, large].map(({ users, eventsPerSecond, p50, p99 }) => ({ users, eventsPerSecond, p50, p99 })));
  console.log(`${USERS} users / 1,000 users: ${(large.eventsPerSecond / small.eventsPerSecond).toFixed(2)}`);
  console.table(await soak());
} finally {
  await server.stop();
}

/** Updates of users that are all there, 32 at once. */
async function measureWithUsers(users: number) {
  const database = await server.createDatabase(`growth_${users}`);
  try {
    await fill(database, { run: 'g', users, events: users });
    await database.sql.unsafe('vacuum (analyze)');
    const secret = `whsec_${randomBytes(24).toString('base64')}`;
    const program = await startContender('clerk-sync', database.url, secret);
    const rounds: { eventsPerSecond: number; p50: number; p99: number }[] = [];
    for (let round = 1; round <= 3; round += 1) {
      const source = { run: 'g', users, events: EVENTS, firstRevision: round * 20, stride: STRIDE };
      const load = { ...source, port: program.port, secret, concurrency: 32, warmUp: 1000 };
      const { result } = await generateLoad(load, () => Promise.resolve());
      rounds.push({ eventsPerSecond: Math.round(result.events / result.seconds), p50: result.p50, p99: result.p99 });
    }
    await program.stop();
    rounds.sort((a, b) => a.eventsPerSecond - b.eventsPerSecond);
    return { users, ...(rounds[1] as (typeof rounds)[number]) };
  } finally {
    await database.drop();
  }
}

/** Writes users through the write path, two batches at once. */
async function fill(database: BenchDatabase, source: BenchEventsOptions): Promise<void> {
  const pool = createPool({ url: database.url, size: 2 });
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
    const entries = batch.map(({ messageId, body }) => makeEntry({ messageId, body, signedAt: at, receivedAt: at }));
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
      const source = { run: 's', users: 1000, events: EVENTS, firstRevision: sent / 1000 };
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
