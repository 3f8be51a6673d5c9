import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { EMBEDDED_DATABASE, openCluster } from '../../src/embedded-postgres/cluster.ts';
import { findTarget } from '../../src/embedded-postgres/membership.ts';
import { choosePort, findPostmaster } from '../../src/embedded-postgres/postmaster.ts';
import { startScene, useReader } from '../support/fault-scene.ts';
import { formatUrl } from '../support/format-url.ts';
import { killPostgres } from '../support/postgres-server.ts';

const SEED = Number(process.env.FAULTS_SEED ?? Date.now() % 2 ** 31);

test('kill -9 of the service, of its own Postgres and of both at once loses nothing that was acknowledged', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-faults-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const scene = await startScene({ name: 'embedded', seed: SEED, directory });
  const cluster = await openCluster(join(directory, '.data'));

  await scene.load.untilAcknowledged(200);
  await scene.service().kill9();
  await scene.restart();

  await scene.load.untilAcknowledged(500);
  await killPostgres(cluster);

  await scene.load.untilAcknowledged(700);
  await Promise.all([scene.service().kill9(), killPostgres(cluster)]);
  expect(await findPostmaster(cluster)).toBeUndefined();
  await scene.restart();

  const port = (await findPostmaster(cluster))?.port ?? (await choosePort(cluster));
  const { unanswered } = await scene.expectNothingLost(
    useReader(formatUrl(findTarget(cluster, port, EMBEDDED_DATABASE))),
  );
  expect(unanswered).toBeGreaterThan(0);
});
