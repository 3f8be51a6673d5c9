import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type Cluster, EMBEDDED_USER, openCluster } from '../../src/db/embedded-cluster.ts';
import { choosePort, findPostmaster, startPostmaster, stopPostmaster } from '../../src/db/embedded-postmaster.ts';
import { listProcesses } from './processes.ts';

/** A real Postgres of the running test's own, which may be mistreated. Its superuser's URL stays the same throughout. */
export interface PostgresServer {
  readonly url: string;
  /** Where its data lies. */
  readonly directory: string;
  /** Stops every process of it where it stands (SIGSTOP): connections stay open and nothing answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** `kill -9` of every process of it. */
  kill9(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
}

export interface PostgresServerOptions {
  readonly settings?: Record<string, string>;
  /** Where its directory is made; the system's temporary directory when absent. */
  readonly home?: string;
}

export async function usePostgresServer(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'clerk-sync-server-')));
  const cluster = await openCluster(home);
  const port = await choosePort(cluster);
  const start = async () => {
    const result = await startUntilFree(cluster, port, options.settings ?? {});
    if (!result.ready) throw new Error(`Postgres did not start:\n${result.log}`);
  };
  const signal = async (name: NodeJS.Signals) => {
    for (const pid of await findProcesses(cluster)) process.kill(pid, name);
  };
  onTestFinished(async () => {
    await signal('SIGCONT');
    await stopPostmaster(cluster);
    await rm(home, { recursive: true, force: true });
  });
  await start();
  return {
    url: `postgres://${EMBEDDED_USER}:${cluster.password}@127.0.0.1:${port}/postgres`,
    directory: cluster.directory,
    async freeze() {
      await freeze(cluster);
    },
    thaw: () => signal('SIGCONT'),
    async kill9() {
      // Frozen first, so that none is born while the others die.
      const pids = await freeze(cluster);
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      while ((await listProcesses()).some(({ pid }) => pids.includes(pid))) await delay(5);
    },
    start,
  };
}

/** What a killed Postgres leaves behind may take a moment to go. */
async function startUntilFree(cluster: Cluster, port: number, settings: Record<string, string>) {
  for (const deadline = Date.now() + 20_000; ; await delay(20)) {
    const result = await startPostmaster(cluster, port, settings);
    if (result.ready || Date.now() > deadline || !/still in use|already exists|could not bind/.test(result.log)) {
      return result;
    }
  }
}

async function freeze(cluster: Cluster): Promise<number[]> {
  for (let known: number[] = []; ; ) {
    const pids = await findProcesses(cluster);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    if (pids.length === known.length) return pids;
    known = pids;
  }
}

/** The postmaster first, then its children. */
async function findProcesses(cluster: Cluster): Promise<number[]> {
  const postmaster = await findPostmaster(cluster);
  if (postmaster === undefined) return [];
  const children = (await listProcesses()).filter(({ parent }) => parent === postmaster.pid);
  return [postmaster.pid, ...children.map(({ pid }) => pid)];
}
