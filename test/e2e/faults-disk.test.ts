import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startScene, useReader } from '../support/fault-scene.ts';
import { usePostgresServer } from '../support/postgres-server.ts';
import { useSmallDisk } from '../support/small-disk.ts';

const SEED = Number(process.env.FAULTS_SEED ?? Date.now() % 2 ** 31);

/** The SQLSTATEs that the service logged. */
function listStates(logs: readonly Record<string, unknown>[]): (string | undefined)[] {
  const codes = logs.map(({ err }) => (err as { cause?: { code?: string } } | undefined)?.cause?.code);
  return [...new Set(codes)];
}

test('a disk without room for the tables loses nothing that was acknowledged', async ({ skip }) => {
  const disk = await useSmallDisk(200);
  if ('unavailable' in disk) return skip(disk.unavailable);
  const server = await usePostgresServer({
    home: join(disk.directory, 'server'),
    settings: { min_wal_size: '32MB', max_wal_size: '32MB' },
  });
  const scene = await startScene({ name: 'disk full', seed: SEED, env: { DATABASE_URL: server.url } });
  await scene.load.untilAcknowledged(100);
  await disk.fill();
  await scene.load.untilFailed(100);
  await disk.free();
  await server.start();
  await scene.expectNothingLost(useReader(server.url));
  expect(listStates(scene.service().logs())).toContain('53100');
});

/** Postgres panics when it can't write its log, and ends when it can't recover either: whoever makes room starts it. */
test('a disk without room for the write-ahead log loses nothing that was acknowledged', async ({ skip }) => {
  const disk = await useSmallDisk(64);
  if ('unavailable' in disk) return skip(disk.unavailable);
  const server = await usePostgresServer({
    walDirectory: join(disk.directory, 'wal'),
    settings: { min_wal_size: '32MB', max_wal_size: '32MB' },
  });
  const scene = await startScene({ name: 'log disk full', seed: SEED, env: { DATABASE_URL: server.url } });
  const admin = useReader(server.url);
  await scene.load.untilAcknowledged(100);
  await disk.fill();
  // Each switch asks for a further segment of 16 MB, until none that was made in advance is left.
  const switchUntilFull = async () => {
    for (;;) await admin`select pg_switch_wal(), pg_logical_emit_message(true, 'fill', 'a segment')`;
  };
  await expect(switchUntilFull()).rejects.toThrow();
  await scene.load.untilFailed(100);
  await disk.free();
  await server.start();
  const { refused } = await scene.expectNothingLost(useReader(server.url));
  expect(refused).toBeGreaterThan(0);
});
