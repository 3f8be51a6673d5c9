import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const CLI = join(import.meta.dirname, '../../dist/cli.js');
/** Embedded Postgres initialises in about a second; a busy machine may need many times that. */
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 20;

export interface ServiceOptions {
  /** Added to PATH, HOME, `PORT=0` and `HOST=127.0.0.1`; nothing else of the test's own environment is passed on. */
  readonly env?: Record<string, string>;
  /** The working directory, where `.data` and `.env` are looked for; a fresh temporary one when absent. */
  readonly directory?: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The real program, `node dist/cli.js serve`, in a process of its own. */
export interface ServiceProcess {
  readonly pid: number;
  readonly directory: string;
  /** Settles when the process has ended and its output is complete. */
  readonly exited: Promise<Exit>;
  output(): { stdout: string; stderr: string };
  /** The structured log lines so far; what is not JSON is left out. */
  logs(): Record<string, unknown>[];
  kill(signal: NodeJS.Signals): void;
  /** `kill -9` and wait. */
  kill9(): Promise<Exit>;
  /** Asks for a graceful stop and waits for the end. */
  sigterm(): Promise<Exit>;
  /** Ends whatever is left: the process, its embedded Postgres, a temporary directory. Safe to call twice. */
  cleanUp(): Promise<void>;
}

export interface Service extends ServiceProcess {
  /** `http://127.0.0.1:<port>`, read from the banner. */
  readonly url: string;
}

/** Starts the program and resolves once `/readyz` answers 200. A program that ends before that is an error with its output. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const service = await spawnService(options);
  try {
    const url = await waitFor(service, () => /listening on (http:\/\/\S+)/.exec(service.output().stdout)?.[1]);
    await waitFor(service, () => isReady(url));
    return { ...service, url };
  } catch (error) {
    await service.cleanUp();
    throw error;
  }
}

/** Starts the program without waiting for anything, for tests of how it fails to start. */
export async function spawnService(options: ServiceOptions = {}): Promise<ServiceProcess> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'clerk-sync-service-')));
  const { PATH = '', HOME = tmpdir() } = process.env;
  const child = spawn(process.execPath, [CLI, 'serve'], {
    cwd: directory,
    env: { PATH, HOME, PORT: '0', HOST: '127.0.0.1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return superviseProcess(child, directory, options.directory === undefined);
}

function superviseProcess(child: ChildProcess, directory: string, temporary: boolean): ServiceProcess {
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const exited = once(child, 'close').then(([code, signal]): Exit => ({ code, signal }));
  const end = (signal: NodeJS.Signals): Promise<Exit> => {
    child.kill(signal);
    return exited;
  };
  return {
    pid: child.pid ?? 0,
    directory,
    exited,
    output: () => ({ ...output }),
    logs: () => parseLogs(output.stderr),
    kill: (signal) => void child.kill(signal),
    kill9: () => end('SIGKILL'),
    sigterm: () => end('SIGTERM'),
    async cleanUp() {
      if (child.exitCode === null && child.signalCode === null) await end('SIGKILL');
      await stopEmbeddedPostgres(directory);
      if (temporary) await rm(directory, { recursive: true, force: true });
    },
  };
}

function parseLogs(stderr: string): Record<string, unknown>[] {
  const lines = stderr.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
  return lines.map((line) => JSON.parse(line));
}

async function isReady(url: string): Promise<true | undefined> {
  const response = await fetch(`${url}/readyz`).catch(() => undefined);
  await response?.arrayBuffer();
  return response?.status === 200 ? true : undefined;
}

/** Resolves with the first result of `condition` that is not undefined. */
async function waitFor<T>(service: ServiceProcess, condition: () => T | Promise<T>): Promise<NonNullable<T>> {
  let exit: Exit | undefined;
  void service.exited.then((value) => {
    exit = value;
  });
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline && exit === undefined; ) {
    const result = await condition();
    if (result !== undefined && result !== null) return result;
    await delay(POLL_MS);
  }
  const { stdout, stderr } = service.output();
  throw new Error(`The service did not start (${JSON.stringify(exit ?? 'timed out')}).\n${stdout}\n${stderr}`);
}

/** A killed service leaves its Postgres running: the first line of `postmaster.pid` names the process. */
async function stopEmbeddedPostgres(directory: string): Promise<void> {
  const pid = await findPostmaster(directory);
  if (pid === undefined) return;
  signalProcess(pid, 'SIGQUIT');
  while (signalProcess(pid, 0)) await delay(POLL_MS);
}

async function findPostmaster(directory: string): Promise<number | undefined> {
  const file = await readFile(join(directory, '.data/postgres/postmaster.pid'), 'utf8').catch(() => undefined);
  const pid = Number(file?.split('\n')[0]);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
