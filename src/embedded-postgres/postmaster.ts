import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OperatorError } from '../errors.ts';
import { type Cluster, isAlive } from './cluster.ts';
import { prepareProgram, runProgram } from './run-program.ts';

/** The main process of Postgres, as its lock file describes it. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly status: string;
}

/**
 * Reads `postmaster.pid` (line 1 process id, line 4 port, line 8 state); undefined if no Postgres runs on this directory. After
 * a kill or a power failure, the file may name a process that is now another program. Postgres would then refuse to start, so
 * the file is removed.
 */
export async function findPostmaster({ directory }: Pick<Cluster, 'directory'>): Promise<Postmaster | undefined> {
  const path = join(directory, 'postmaster.pid');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!(pid > 0) || !isAlive(pid)) return undefined;
  if (await isSomethingElse(pid)) {
    await rm(path, { force: true });
    return undefined;
  }
  return { pid, port: Number(lines[3]), status: lines[7] ?? '' };
}

/** Without /proc the answer is no. A process that has ended and waits for its parent does not count. */
async function isSomethingElse(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const [, name, state] = /^\d+ \((.*)\) (\w)/s.exec(status ?? '') ?? [];
  if (name === undefined) return false;
  // Before it becomes Postgres, the process has the name of the program that drops the rights of root.
  return state === 'Z' || !(name.startsWith('postgres') || name === 'setpriv');
}

/** The result of an attempt to start. `log` is what Postgres wrote during it. */
export type StartResult =
  | { readonly ready: true; readonly pid: number }
  | { readonly ready: false; readonly log: string };

const POLL_MS = 10;
const STOP_TIMEOUT_MS = 15_000;
/** A standby never becomes `ready`. */
const TAKES_CONNECTIONS = /^(?:ready|standby)$/;

/** No statement and no value of a row may get into the log: errors of sessions are not logged. */
const LOG_SETTINGS = { log_min_messages: 'log', log_min_error_statement: 'panic', log_error_verbosity: 'terse' };

/**
 * Starts Postgres in its own session, so that Ctrl-C at the terminal does not stop it while the service still writes. Its
 * durability settings are the defaults. It listens only on 127.0.0.1, unless the settings say otherwise. It runs afterwards only
 * if this resolves with `ready`. A `signal` ends the start.
 */
export async function startPostmaster(
  cluster: Cluster,
  port: number,
  settings: Record<string, string>,
  signal?: AbortSignal,
): Promise<StartResult> {
  const merged = { ...LOG_SETTINGS, listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings, port };
  const flags = Object.entries(merged).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const words = [cluster.binaries.postgres, '-D', cluster.directory, ...flags];
  const { command, parameters, options } = prepareProgram(words, cluster.account);
  const log = await openLog(cluster.logFile);
  try {
    const { size: before } = await log.stat();
    const child = spawn(command, parameters, { ...options, detached: true, stdio: ['ignore', log.fd, log.fd] });
    child.unref();
    const ended = once(child, 'exit').catch((error: Error) => error);
    try {
      while (child.exitCode === null && child.signalCode === null) {
        const postmaster = await findPostmaster(cluster);
        if (postmaster !== undefined && postmaster.pid === child.pid && TAKES_CONNECTIONS.test(postmaster.status))
          return { ready: true, pid: postmaster.pid };
        signal?.throwIfAborted();
        const outcome = await Promise.race([delay(POLL_MS), ended]);
        if (outcome instanceof Error) return { ready: false, log: outcome.message };
      }
      return { ready: false, log: await readSince(log, before) };
    } catch (error) {
      await endChild(child, ended);
      throw error;
    }
  } finally {
    await log.close();
  }
}

/** Nobody uses it before it is ready. It may have no lock file yet, so a signal stops it: SIGINT is `fast`. */
async function endChild(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.ref();
  child.kill('SIGINT');
  const late = delay(STOP_TIMEOUT_MS, 'late', { ref: false });
  if ((await Promise.race([ended, late])) !== 'late') return;
  child.kill('SIGQUIT');
  await ended;
}

const MAX_LOG_BYTES = 1024 * 1024;

/** Emptied when it is large: nothing else rotates it. */
async function openLog(path: string): Promise<FileHandle> {
  const log = await open(path, 'a+', 0o600);
  if ((await log.stat()).size > MAX_LOG_BYTES) await log.truncate(0);
  return log;
}

async function readSince(log: FileHandle, position: number): Promise<string> {
  const { size } = await log.stat();
  const { buffer } = await log.read({ buffer: Buffer.alloc(Math.max(0, size - position)), position });
  return buffer.toString('utf8').trim();
}

/** Stops Postgres, or only the one with this process id. Open transactions are rolled back, and what was committed is on disk. */
export async function stopPostmaster(cluster: Cluster, pid?: number): Promise<void> {
  const postmaster = await findPostmaster(cluster);
  if (postmaster === undefined || postmaster.pid !== (pid ?? postmaster.pid)) return;
  if (await stopIn(cluster, postmaster, 'fast', STOP_TIMEOUT_MS)) return;
  // The next start replays the write-ahead log, so nothing is lost. A service that stops must not hang.
  if (await stopIn(cluster, postmaster, 'immediate', 5000)) return;
  const message = `The built-in Postgres (process ${postmaster.pid}) could not be stopped.`;
  const hint = `Its log is ${cluster.logFile}. \`kill -INT ${postmaster.pid}\` asks it to stop again.`;
  throw new OperatorError('embedded_postgres_failed', message, { hint });
}

/**
 * Asks it to stop and waits until it has stopped. `pg_ctl --wait` is not used: it would also wait for the Postgres of another
 * program that starts on the same directory at that moment.
 */
async function stopIn(
  cluster: Cluster,
  { pid }: Postmaster,
  mode: 'fast' | 'immediate',
  timeoutMs: number,
): Promise<boolean> {
  const words = [cluster.binaries.pgCtl, 'stop', '-D', cluster.directory, '-m', mode, '--no-wait'];
  await runProgram(words, cluster.account);
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await delay(POLL_MS)) {
    if ((await findPostmaster(cluster))?.pid !== pid) return true;
  }
  return false;
}

/** The port of the last run if it is free, otherwise a new one below the ports for outgoing connections. */
export async function choosePort(cluster: Cluster): Promise<number> {
  const remembered = Number(await readFile(cluster.portFile, 'utf8').catch(() => ''));
  if (remembered > 0 && (await isFree(remembered))) return remembered;
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await isFree(port)) return port;
  }
}

/** Stores the port for the next run. */
export async function rememberPort(cluster: Cluster, port: number): Promise<void> {
  await writeFile(cluster.portFile, `${port}\n`, { mode: 0o600 });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
