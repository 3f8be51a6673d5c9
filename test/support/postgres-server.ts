import { chown, cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type Cluster, EMBEDDED_USER, openCluster } from '../../src/embedded-postgres/cluster.ts';
import { choosePort, findPostmaster, startPostmaster, stopPostmaster } from '../../src/embedded-postgres/postmaster.ts';
import { findMemoryDirectory } from './memory-directory.ts';
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
  /** Starts it again on the same port and data, where it does not run. */
  start(): Promise<void>;
}

export interface PostgresServerOptions {
  readonly settings?: Record<string, string>;
  /** Where its directory is made; in memory if there is enough, when absent. */
  readonly home?: string;
  /** Where its write-ahead log is put; with the data when absent. */
  readonly walDirectory?: string;
}

const START_TIMEOUT_MS = 20_000;

export async function usePostgresServer(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const home = options.home ?? (await mkdtemp(join(findMemoryDirectory(), 'clerk-sync-server-')));
  const cluster = await openCluster(home);
  const port = await choosePort(cluster);
  if (options.walDirectory !== undefined) await moveWriteAheadLog(cluster, options.walDirectory);
  const start = () => startWhereItDoesNotRun(cluster, port, options.settings ?? {});
  const signal = async (name: NodeJS.Signals) => {
    signalAll(await findProcesses(cluster), name);
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
    kill9: () => killPostgres(cluster),
    start,
  };
}

/** `kill -9` of every process of a Postgres. Frozen first, so that none is born while the others die. */
export async function killPostgres(cluster: Cluster): Promise<void> {
  const pids = await freeze(cluster);
  signalAll(pids, 'SIGKILL');
  while ((await listProcesses()).some(({ pid }) => pids.includes(pid))) await delay(5);
}

/** A killed Postgres may need a moment to be gone, and one that restarts by itself to be back. */
async function startWhereItDoesNotRun(cluster: Cluster, port: number, settings: Record<string, string>) {
  for (const deadline = Date.now() + START_TIMEOUT_MS; ; await delay(50)) {
    if ((await findPostmaster(cluster))?.status === 'ready') return;
    const result = await startPostmaster(cluster, port, settings);
    if (result.ready) return;
    if (Date.now() > deadline) throw new Error(`Postgres did not start:\n${result.log}`);
  }
}

/** As `initdb --waldir` would have done it. */
async function moveWriteAheadLog({ directory, account }: Cluster, target: string): Promise<void> {
  await cp(join(directory, 'pg_wal'), target, { recursive: true });
  for (const path of [target, ...(await readdir(target)).map((name) => join(target, name))]) {
    if (account.ids !== undefined) await chown(path, account.ids.uid, account.ids.gid);
  }
  await rm(join(directory, 'pg_wal'), { recursive: true });
  await symlink(target, join(directory, 'pg_wal'));
}

async function freeze(cluster: Cluster): Promise<number[]> {
  for (let known: number[] = []; ; ) {
    const pids = await findProcesses(cluster);
    signalAll(pids, 'SIGSTOP');
    if (pids.length === known.length && pids.every((pid) => known.includes(pid))) return pids;
    known = pids;
  }
}

/** A backend whose client has just gone may end before its signal comes. */
function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** The postmaster first, then its children. */
async function findProcesses(cluster: Cluster): Promise<number[]> {
  const postmaster = await findPostmaster(cluster);
  if (postmaster === undefined) return [];
  const children = (await listProcesses()).filter(({ parent }) => parent === postmaster.pid);
  return [postmaster.pid, ...children.map(({ pid }) => pid)];
}
