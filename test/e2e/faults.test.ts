import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startScene, useReader } from '../support/fault-scene.ts';
import { usePostgresServer } from '../support/postgres-server.ts';

/**
 * The real program and a real Postgres, both of the test's own, under load while one of them is mistreated. Whatever
 * happens: what was answered with 200 is in the tables, everything else was answered with 503 or not at all, and
 * sending that again ends in the same tables as if nothing had happened.
 *
 * Not covered: a machine that loses power (a killed process leaves its writes with the operating system), and a disk
 * that says it has written what it has not.
 */
const SEED = Number(process.env.FAULTS_SEED ?? Date.now() % 2 ** 31);

/** Longer than the service may take to answer, and shorter than Svix waits. */
const HANG_MS = 13_000;

test('kill -9 of the service under load loses nothing that was acknowledged', async () => {
  const { url } = await usePostgresServer();
  const scene = await startScene({ name: 'service killed', seed: SEED, env: { DATABASE_URL: url } });
  for (const acknowledged of [200, 500, 800]) {
    await scene.load.untilAcknowledged(acknowledged);
    await scene.service().kill9();
    await scene.restart();
  }
  const { unanswered } = await scene.expectNothingLost(useReader(url));
  expect(unanswered).toBeGreaterThan(0);
});

test('kill -9 of Postgres under load loses nothing that was acknowledged, and the service continues when Postgres is back', async () => {
  const server = await usePostgresServer();
  const scene = await startScene({ name: 'Postgres killed', seed: SEED, env: { DATABASE_URL: server.url } });
  for (const acknowledged of [200, 600]) {
    await scene.load.untilAcknowledged(acknowledged);
    await server.kill9();
    await server.start();
  }
  const { refused } = await scene.expectNothingLost(useReader(server.url));
  expect(refused).toBeGreaterThan(0);
});

test('a Postgres that hangs for a while under load loses nothing, and every sender gets an answer in time', async () => {
  const server = await usePostgresServer();
  const scene = await startScene({ name: 'Postgres hung', seed: SEED, env: { DATABASE_URL: server.url } });
  await scene.load.untilAcknowledged(300);
  await server.freeze();
  await delay(HANG_MS);
  await server.thaw();
  const { refused, unanswered, slowestMs } = await scene.expectNothingLost(useReader(server.url));
  expect({ refused: refused > 0, unanswered, inTime: slowestMs < 15_000 }).toEqual({
    refused: true,
    unanswered: 0,
    inTime: true,
  });
});

test('a role without connections loses nothing, and a single connection is enough', async () => {
  const server = await usePostgresServer();
  const admin = useReader(server.url);
  await admin.unsafe("create role service login password 'service'; grant create on database postgres to service");
  const url = new URL(server.url);
  url.username = 'service';
  url.password = 'service';
  const scene = await startScene({ name: 'no connection left', seed: SEED, env: { DATABASE_URL: url.href } });
  const limit = async (connections: number) => {
    await admin.unsafe(`alter role service connection limit ${connections}`);
    await admin`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'service'`;
  };
  await scene.load.untilAcknowledged(300);
  await limit(0);
  await scene.load.untilFailed(50);
  await limit(1);
  await scene.load.untilAcknowledged(600);
  await limit(-1);
  const { refused } = await scene.expectNothingLost(admin);
  expect(refused).toBeGreaterThan(0);
});

test('SIGTERM under load answers everything that was accepted, and what came too late is not lost', async () => {
  const { url } = await usePostgresServer();
  const scene = await startScene({ name: 'service stopped', seed: SEED, env: { DATABASE_URL: url } });
  for (const acknowledged of [300, 700]) {
    await scene.load.untilAcknowledged(acknowledged);
    expect(await scene.service().sigterm()).toEqual({ code: 0, signal: null });
    await scene.restart();
  }
  const { unheard } = await scene.expectNothingLost(useReader(url));
  expect(unheard).toBe(0);
});
