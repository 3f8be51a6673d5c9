import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/embedded-postgres/start-embedded-postgres.ts';
import { spawnCli } from '../support/cli-process.ts';
import { silent } from '../support/embedded-data-dir.ts';
import { findCommandLines } from '../support/processes.ts';
import { type ServiceProcess, spawnService } from '../support/service.ts';

/** A data directory that was used before, so that a start has no database to make. */
let used: string;

beforeAll(async () => {
  used = await mkdtemp(join(tmpdir(), 'clerk-sync-used-'));
  const embedded = await startEmbeddedPostgres({ dataDir: used, log: silent });
  await embedded.stop();
});

afterAll(() => rm(used, { recursive: true }));

async function makeDirectory({ fresh }: { fresh: boolean }): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-early-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  // With the owners, which Postgres looks at; Node's own `cp` gives everything to this user.
  if (!fresh) execFileSync('cp', ['-a', used, join(directory, '.data')]);
  return directory;
}

async function startIn(directory: string, env: Record<string, string> = {}): Promise<ServiceProcess> {
  const service = await spawnService({ directory, env });
  onTestFinished(() => service.cleanUp());
  return service;
}

/** Nothing of the embedded Postgres, be it initdb or Postgres itself, runs on this directory. */
async function expectNothingRuns(directory: string): Promise<void> {
  // Its children end a moment after a Postgres that was killed in the middle of its start.
  await expect.poll(() => findCommandLines(join(directory, '.data')), { timeout: 5000 }).toEqual([]);
  await expect(stat(join(directory, '.data/postgres/postmaster.pid'))).rejects.toMatchObject({ code: 'ENOENT' });
}

const exists = (path: string) => stat(path).then(Boolean, () => false);
const read = (path: string) => readFile(path, 'utf8').catch(() => '');
const find = async (directory: string, prefix: string) =>
  (await readdir(directory).catch(() => [])).find((name) => name.startsWith(prefix));

type Moment = [
  name: string,
  options: { fresh: boolean },
  hasCome: (data: string, output: string) => Promise<boolean> | boolean,
];

const MOMENTS: Moment[] = [
  ['the data directory is there', { fresh: true }, (data) => exists(data)],
  [
    'a database directory is being prepared',
    { fresh: true },
    async (data) => (await find(data, 'postgres.init-')) !== undefined,
  ],
  [
    'initdb has written its first file',
    { fresh: true },
    async (data) => exists(join(data, (await find(data, 'postgres.init-')) ?? '-', 'data/PG_VERSION')),
  ],
  [
    'initdb is nearly done',
    { fresh: true },
    async (data) => exists(join(data, (await find(data, 'postgres.init-')) ?? '-', 'data/base/5')),
  ],
  ['the database directory has its name', { fresh: true }, (data) => exists(join(data, 'postgres'))],
  ['the start is announced', { fresh: false }, (_, output) => output.includes('starting the built-in Postgres')],
  ['Postgres has its lock file', { fresh: false }, (data) => exists(join(data, 'postgres/postmaster.pid'))],
  [
    'Postgres is starting',
    { fresh: false },
    async (data) => /\n(starting|ready)/.test(await read(join(data, 'postgres/postmaster.pid'))),
  ],
  [
    'Postgres is ready',
    { fresh: false },
    async (data) => (await read(join(data, 'postgres/postmaster.pid'))).includes('ready'),
  ],
  ['the port is remembered', { fresh: true }, (data) => exists(join(data, 'postgres/clerk-sync.port'))],
  ['the migrations are done', { fresh: true }, (_, output) => output.includes('migrations are current')],
  ['the secret is there', { fresh: true }, (data) => exists(join(data, 'webhook-secret'))],
  ['the service listens', { fresh: true }, (_, output) => output.includes('is listening')],
];

describe('SIGTERM at the moment when', () => {
  test.each(MOMENTS)('%s stops the start, and leaves no Postgres running', async (_, options, hasCome) => {
    const directory = await makeDirectory(options);
    const service = await startIn(directory);
    const data = join(directory, '.data');
    const output = () => `${service.output().stdout}${service.output().stderr}`;
    let ended = false;
    void service.exited.then(() => {
      ended = true;
    });
    while (!ended && !(await hasCome(data, output()))) await delay(1);
    expect(await service.sigterm()).toEqual({ code: 0, signal: null });
    await expectNothingRuns(directory);
  });

  test('any time has passed leaves no Postgres running', async () => {
    const exits = new Set<string>();
    for (let afterMs = 0; afterMs <= 1500; afterMs += 150) {
      const directory = await makeDirectory({ fresh: false });
      const service = await startIn(directory);
      await delay(afterMs);
      const { code, signal } = await service.sigterm();
      exits.add(`${code ?? signal}`);
      await expectNothingRuns(directory);
    }
    // Before the program listens to signals, the signal itself ends it.
    expect([...exits].filter((exit) => exit !== '0' && exit !== 'SIGTERM')).toEqual([]);
  });
});

describe('a start that fails after Postgres was started leaves none running', () => {
  test('because the port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen({ host: '127.0.0.1', port: 0 }, resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const directory = await makeDirectory({ fresh: false });
    const service = await startIn(directory, { PORT: String(port) });
    expect(await service.exited).toEqual({ code: 1, signal: null });
    expect(service.output().stderr).toContain(`Port ${port} on 127.0.0.1 is already in use.`);
    await expectNothingRuns(directory);
  });

  test('because its password is not the stored one', async () => {
    const directory = await makeDirectory({ fresh: false });
    const file = join(directory, '.data/postgres/clerk-sync.pgpass');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/\w+$/m, 'wrong'));
    const service = await startIn(directory);
    expect(await service.exited).toEqual({ code: 1, signal: null });
    await expectNothingRuns(directory);
  });

  test('because the port can’t be stored', async () => {
    const directory = await makeDirectory({ fresh: false });
    const file = join(directory, '.data/postgres/clerk-sync.port');
    await rm(file);
    await mkdir(file);
    const service = await startIn(directory);
    expect(await service.exited).toMatchObject({ signal: null });
    await expectNothingRuns(directory);
  });

  test('because the file of the secret contains none', async () => {
    const directory = await makeDirectory({ fresh: false });
    await writeFile(join(directory, '.data/webhook-secret'), 'nonsense\n', { mode: 0o600 });
    const service = await startIn(directory);
    expect(await service.exited).toEqual({ code: 1, signal: null });
    await expectNothingRuns(directory);
  });
});

describe('a command that starts Postgres for itself', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('stops it when %s ends the command', async (signal) => {
    const directory = await makeDirectory({ fresh: false });
    const child = spawnCli(['migrate'], { directory });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const exited = new Promise((resolve) => child.once('close', resolve));
    while (!(await exists(join(directory, '.data/postgres/postmaster.pid')))) await delay(1);
    child.kill(signal);
    expect(await exited).toBe(1);
    expect(stderr).toContain('clerk-sync: A signal stopped the command before its end.\n');
    await expectNothingRuns(directory);
  });
});
