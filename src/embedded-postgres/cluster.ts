import { randomBytes } from 'node:crypto';
import { chown, mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { OperatorError } from '../errors.ts';
import type { Log } from '../log/log.ts';
import { findAccount } from './account.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { type Account, runProgram } from './run-program.ts';

/** The superuser of the embedded Postgres. */
export const EMBEDDED_USER = 'clerk_sync';
/** The database of the service in it. */
export const EMBEDDED_DATABASE = 'clerk_sync';

/** An initialised database directory and what is needed to run it. */
export interface Cluster {
  readonly directory: string;
  readonly logFile: string;
  /** In libpq's format, mode 0600, for `PGPASSFILE`. */
  readonly passwordFile: string;
  /** Remembers the port, so that saved connections still work after a restart. */
  readonly portFile: string;
  readonly password: string;
  readonly binaries: Binaries;
  readonly account: Account;
}

/**
 * Opens the database directory in `dataDir`, and makes it if there is none. It leaves no process running.
 *
 * @param signal ends the preparation. Nothing of it stays.
 */
export async function openCluster(
  dataDir: string,
  { log, signal }: { readonly log?: Pick<Log, 'info'>; readonly signal?: AbortSignal } = {},
): Promise<Cluster> {
  const home = resolve(dataDir);
  const directory = join(home, 'postgres');
  const binaries = await findBinaries();
  await mkdir(home, { recursive: true });
  const account = await findAccount(directory, binaries);
  await removeInterrupted(home);
  if (await isAbsentOrEmpty(directory)) {
    signal?.throwIfAborted();
    log?.info({ directory }, 'preparing the built-in Postgres; the first start takes a few seconds');
    await initialise({ home, directory, binaries, account }, signal);
  }
  const passwordFile = locatePasswordFile(directory);
  return {
    ...{ directory, binaries, account, passwordFile },
    password: await readPassword(passwordFile),
    logFile: join(home, 'postgres.log'),
    portFile: join(directory, 'clerk-sync.port'),
  };
}

/** The file is in the directory of Postgres. */
export function locatePasswordFile(directory: string): string {
  return join(directory, 'clerk-sync.pgpass');
}

/** `postgres.init-<pid>-<random>`: a database directory is prepared here. Only a complete one gets its real name. */
const PREPARING = /^postgres\.init-(\d+)-/;

/**
 * Prepares the directory under another name and renames it. So an interrupted `initdb` leaves nothing that looks like a
 * database, and if two programs do it at the same time, both use the first one.
 */
async function initialise(
  { home, directory, binaries, account }: Pick<Cluster, 'directory' | 'binaries' | 'account'> & { home: string },
  signal: AbortSignal | undefined,
): Promise<void> {
  const workplace = await mkdtemp(join(home, `postgres.init-${process.pid}-`));
  try {
    const prepared = join(workplace, 'data');
    const password = randomBytes(24).toString('hex');
    const file = join(workplace, 'password');
    await writeFile(file, `${password}\n`, { mode: 0o600 });
    const { ids } = account;
    if (ids !== undefined) await Promise.all([file, workplace].map((path) => chown(path, ids.uid, ids.gid)));
    const words = [binaries.initdb, `--pgdata=${prepared}`, `--pwfile=${file}`, ...INITDB_FLAGS];
    const result = await runProgram(words, account, signal);
    signal?.throwIfAborted();
    if (!result.ok) throw describeFailedInitdb(result.output);
    const line = `127.0.0.1:*:*:${EMBEDDED_USER}:${password}\n`;
    await writeFile(locatePasswordFile(prepared), line, { mode: 0o600 });
    await rename(prepared, directory).catch(ignoreOvertaken);
    await syncDirectory(home);
  } finally {
    await rm(workplace, { recursive: true, force: true, maxRetries: 8, retryDelay: 100 });
  }
}

const INITDB_FLAGS = [
  `--username=${EMBEDDED_USER}`,
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  // The C.UTF-8 of Postgres: it needs no locale of the machine, and no update of one can change the order of an index.
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--no-instructions',
];

function describeFailedInitdb(output: string): OperatorError {
  const message = `The built-in Postgres could not be initialised:\n${output}`;
  const hint = 'Repair what it says, or set DATABASE_URL to your own Postgres.';
  return new OperatorError('embedded_postgres_failed', message, { hint });
}

function ignoreOvertaken(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}

/** Without this a power failure could undo the rename, and everything that was written after it. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory);
  await handle.sync().finally(() => handle.close());
}

async function isAbsentOrEmpty(directory: string): Promise<boolean> {
  const entries = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw notOurs(directory, error);
  });
  return entries.length === 0;
}

/** @throws {OperatorError} if the file was not made by clerk-sync, or may not be read. */
export async function readPassword(passwordFile: string): Promise<string> {
  const line = await readFile(passwordFile, 'utf8').catch((error: unknown) => {
    throw notOurs(passwordFile, error);
  });
  const password = /^127\.0\.0\.1:\*:\*:\w+:(\w+)$/m.exec(line)?.[1];
  if (password === undefined) throw notOurs(passwordFile, undefined);
  return password;
}

function notOurs(path: string, cause: unknown): OperatorError {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  const reason = code === 'EACCES' ? 'may not be read by this user' : 'was not made by clerk-sync';
  return new OperatorError('embedded_postgres_unusable', `The built-in Postgres can't be used: ${path} ${reason}.`, {
    hint: 'Run clerk-sync as the user that made it, set DATA_DIR to another folder, or set DATABASE_URL.',
    cause,
  });
}

/** Removes what an interrupted start has left, but not what another program prepares at this moment. */
async function removeInterrupted(home: string): Promise<void> {
  for (const entry of await readdir(home)) {
    const pid = Number(PREPARING.exec(entry)?.[1]);
    if (Number.isNaN(pid)) continue;
    const path = join(home, entry);
    if (!isAlive(pid) || (pid === process.pid && (await isOlderThanThisProcess(path)))) {
      // An initdb still writes for up to a second after its program was killed.
      await rm(path, { recursive: true, force: true, maxRetries: 8, retryDelay: 100 });
    }
  }
}

/** In a container each run may have the same process id. */
async function isOlderThanThisProcess(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.mtimeMs < performance.timeOrigin;
}

/** True if a process has this id, also if this user may not signal it. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
