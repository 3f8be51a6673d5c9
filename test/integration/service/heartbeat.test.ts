import { hostname } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { type HeartbeatOptions, startHeartbeat } from '../../../src/service/start-heartbeat.ts';
import { version } from '../../../src/version.ts';
import { useTestDatabase } from '../../support/database.ts';
import { makeMetrics } from '../../support/make-metrics.ts';
import { useProxy } from '../../support/proxy.ts';

/** A process that tells of itself every 20 ms. */
async function useHeartbeat(options: Partial<HeartbeatOptions> = {}, url?: string) {
  const { sql, url: own } = await useTestDatabase();
  const pool = createPool({ target: parseDatabaseUrl(url ?? own), size: 1 });
  onTestFinished(() => pool.close());
  const lines: string[] = [];
  const log = (_details: unknown, message?: string) => void lines.push(message ?? String(_details));
  const metrics = makeMetrics();
  const heartbeat = startHeartbeat({
    pool,
    logger: { info: log, warn: log } as HeartbeatOptions['logger'],
    readRecent: metrics.readRecent,
    readQueue: () => ({ queued: 7, inFlight: 3 }),
    intervalMs: 20,
    ...options,
  });
  const readRows = async () => [...(await sql`select * from clerk.processes order by process_id`)];
  return { sql, pool, metrics, heartbeat, lines, readRows, url: own };
}

const ROW = {
  process_id: expect.any(String),
  version,
  host: hostname(),
  pid: process.pid,
  started_at: expect.any(Date),
  seen_at: expect.any(Date),
  last_delivery_at: null,
  stats: { queued: 7, in_flight: 3, settled: 0, p50_ms: null, p99_ms: null },
};

test('a process writes its row at once and again, and removes it when it stops', async () => {
  const { metrics, heartbeat, readRows, lines } = await useHeartbeat();
  await expect.poll(readRows).toEqual([ROW]);
  const [first] = await readRows();
  // The clock of this process is a day fast. That of the database decides.
  const deliveredAt = Date.now();
  metrics.recordVerified(new Date(deliveredAt + 86_400_000));
  const delivery = { outcome: 'applied', eventType: 'user.created', eventAt: new Date(), sanitized: 0 };
  for (let ms = 1; ms <= 100; ms += 1) metrics.recordDelivery({ ...delivery, ms });
  const stats = { ...ROW.stats, settled: 100, p50_ms: expect.closeTo(50, -1), p99_ms: expect.closeTo(99, -1) };
  const row = { ...ROW, process_id: first?.process_id, started_at: first?.started_at };
  await expect.poll(readRows).toEqual([{ ...row, last_delivery_at: expect.any(Date), stats }]);
  const [last] = await readRows();
  expect(Math.abs(last?.last_delivery_at.getTime() - deliveredAt)).toBeLessThan(5000);
  expect(last?.seen_at > first?.seen_at).toBe(true);
  const startedAt = Date.now() - process.uptime() * 1000;
  expect(Math.abs(first?.started_at.getTime() - startedAt)).toBeLessThan(60_000);
  await heartbeat.stop();
  expect([await readRows(), lines]).toEqual([[], []]);
});

test('removes the rows of processes that nobody has seen for an hour', async () => {
  const { sql, heartbeat, readRows } = await useHeartbeat();
  await sql`
    insert into clerk.processes (process_id, version, host, pid, started_at, seen_at, stats)
    select id, '1.0.0', 'other', 1, now(), now() - seen::interval, '{}'
    from (values ('dead', '61 minutes'), ('late', '59 minutes')) p (id, seen)`;
  await expect.poll(async () => (await readRows()).map((row) => row.process_id).includes('dead')).toBe(false);
  expect((await readRows()).map((row) => row.process_id)).toContain('late');
  await heartbeat.stop();
});

test('tells once that the database is away, and once that it is back', async () => {
  let away = true;
  const { url } = await useTestDatabase();
  const proxy = await useProxy(url, () => (away ? 'close' : 'pass'));
  const { heartbeat, lines } = await useHeartbeat({}, proxy.url);
  await expect.poll(() => proxy.connections).toBeGreaterThan(3);
  expect(lines).toEqual(['this process could not write its row in clerk.processes']);
  away = false;
  await expect.poll(() => lines.slice(1)).toEqual(['this process is in clerk.processes again']);
  await heartbeat.stop();
});

test('can be stopped while the database is away', async () => {
  const { url } = await useTestDatabase();
  const proxy = await useProxy(url, () => 'close');
  const { heartbeat, lines } = await useHeartbeat({}, proxy.url);
  await heartbeat.stop();
  expect(lines).toEqual([
    'this process could not write its row in clerk.processes',
    'this process could not remove its row in clerk.processes; another one does that in an hour',
  ]);
});
