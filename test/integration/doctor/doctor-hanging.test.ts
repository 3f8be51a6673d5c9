import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { type Diagnosis, runDoctor } from '../../../src/doctor/run-doctor.ts';
import { type DoctorScene, useDoctorScene } from '../../support/doctor-scene.ts';
import { openFakeApi } from '../../support/fake-clerk/open-fake-api.ts';
import { useProxy } from '../../support/proxy.ts';

/** A frozen process still accepts connections: its kernel does that. */
test('ends even if neither the database nor Clerk ever answers', async () => {
  const { clerk, url, diagnose } = await useDoctorScene();
  const proxy = await useProxy(url, () => 'silent');
  clerk.intercept(() => ({ kind: 'never' }));
  const startedAt = performance.now();
  const { exitCode, findAll } = await diagnose({ DATABASE_URL: proxy.url });
  expect(performance.now() - startedAt).toBeLessThan(40_000);
  expect({
    exitCode,
    checks: findAll('connection', 'rights', 'columns', 'secret key', 'Clerk clock', 'users'),
  }).toEqual({
    exitCode: 1,
    checks: [
      {
        name: 'connection',
        status: 'failed',
        finding: expect.stringMatching(/^(?:No connection to the database|The database) 127\.0\.0\.1:\d+\/\S+ /),
        advice: 'Check that Postgres runs, and that the host and the port in DATABASE_URL are right as seen from here.',
      },
      { name: 'rights', status: 'skipped', finding: 'There is no connection to the database.' },
      { name: 'columns', status: 'skipped', finding: 'There is no connection to the database.' },
      {
        name: 'secret key',
        status: 'failed',
        finding: expect.stringMatching(/^The Backend API does not answer as it should: no whole answer within 5 s/),
        advice:
          'Look at https://status.clerk.com, at the network from here, at CLERK_API_URL, and at HTTPS_PROXY, which names the proxy where only one leads outside; then run this again.',
      },
      { name: 'Clerk clock', status: 'skipped', finding: 'Clerk has not answered: see secret key.' },
      { name: 'users', status: 'skipped', finding: expect.stringMatching(/see secret key|no connection/) },
    ],
  });
});

/** With a pool and times of the test's own. */
async function diagnoseQuickly({ clerk }: DoctorScene, url: string): Promise<Diagnosis> {
  const pool = createPool({ target: parseDatabaseUrl(url), size: 1, statementTimeoutMs: 300 });
  onTestFinished(() => pool.close());
  return runDoctor({
    settings: { problems: [], secrets: 1, keptSecret: undefined },
    database: { state: 'configured', pool, name: 'db/app', poolSize: 10 },
    clerk: { state: 'configured', api: openFakeApi(clerk), keyKind: 'live' },
    reconcileIntervalMs: 900_000,
    retentionDays: 120,
    command: (line) => line,
    readTimeoutMs: 1000,
  });
}

test('waits once for a database that stops answering in the middle', async () => {
  const scene = await useDoctorScene();
  const proxy = await useProxy(scene.url, () => ({ muteAfter: 'received_at' }));
  const { groups, status } = await diagnoseQuickly(scene, proxy.url);
  const checks = groups.flatMap((group) => group.checks);
  expect(proxy.connections).toBe(1);
  expect({
    status,
    lost: checks.filter(({ status: one }) => one !== 'ok').map(({ name, finding }) => [name, finding]),
  }).toEqual({
    status: 'failed',
    lost: [
      ['last delivery', expect.stringMatching(/CONNECTION_CLOSED|was lost/)],
      ...[
        ...['dead letters', 'processes', 'instance', 'backfill', 'reconcile', 'user updates'],
        ...['instances', 'users', 'properties', 'retention'],
      ].map((name) => [name, 'The database has stopped answering.']),
    ],
  });
});

/** Postgres itself waits for the lock before it tells the size of a table. */
test('makes all other checks if somebody has locked a table', async () => {
  const scene = await useDoctorScene();
  const connection = await scene.sql.reserve();
  await connection`begin`;
  await connection`lock table clerk.dead_letters in access exclusive mode`;
  const { groups, status } = await diagnoseQuickly(scene, scene.url);
  await connection`rollback`;
  connection.release();
  const checks = groups.flatMap((group) => group.checks);
  const found = checks.filter(({ name }) => ['connection', 'migrations', 'dead letters', 'backfill'].includes(name));
  expect({ status, found: found.map(({ details: _details, ...check }) => check) }).toEqual({
    status: 'warning',
    found: [
      { name: 'connection', status: 'ok', finding: 'The database db/app answers.' },
      { name: 'migrations', status: 'ok', finding: 'The tables are of this version.' },
      {
        name: 'dead letters',
        status: 'warning',
        finding: 'The database did not answer in time (SQLSTATE 57014).',
        advice:
          'Somebody may hold a lock. This shows who waits for whom: select pid, pg_blocking_pids(pid), query from pg_stat_activity; If nobody waits, run this again when the database has less to do.',
      },
      { name: 'backfill', status: 'ok', finding: 'All users were read 1 day ago, by a backfill.' },
    ],
  });
});
