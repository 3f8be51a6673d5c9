import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { OperatorError } from '../errors.ts';
import type { Log } from '../log/log.ts';
import { type Cluster, EMBEDDED_DATABASE, EMBEDDED_USER, openCluster } from './cluster.ts';
import { describeDataDirFailure } from './describe-data-dir-failure.ts';
import { findTarget, join, type Membership } from './membership.ts';
import {
  choosePort,
  findPostmaster,
  rememberPort,
  type StartResult,
  startPostmaster,
  stopPostmaster,
} from './postmaster.ts';

/** Where the data is, and how Postgres is started. */
export interface EmbeddedPostgresOptions {
  /** The files of Postgres are in the folder `postgres` in it. Relative to the working directory. */
  readonly dataDir: string;
  readonly log: Log;
  /** Server settings in addition to the defaults. Only the program that starts Postgres decides them. */
  readonly settings?: Record<string, string>;
  /** Ends the start. It rejects when nothing that it started runs any more. */
  readonly signal?: AbortSignal;
}

/** A Postgres that runs as long as this program uses it. */
export interface EmbeddedPostgres {
  readonly target: DatabaseTarget;
  /** For any client, with the password. Nothing in it has to be quoted for a shell. */
  readonly address: string;
  /** The password in libpq's format: `PGPASSFILE=<file> psql <address>`. */
  readonly passwordFile: string;
  /** Stops Postgres, unless another program also uses it. Call it when this program writes nothing more. */
  stop(): Promise<void>;
}

/**
 * A real and durable Postgres on 127.0.0.1, with its data in `dataDir`. If one already runs there, it is joined: it may be left
 * over from a killed service, or another program may use it. The last program that leaves stops it. If it dies, it is started
 * again on the same port and recovers what was committed.
 *
 * @throws {OperatorError} if it can't be installed, initialised or started. What was started is then stopped.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (error) {
    throw describeDataDirFailure(error, options.dataDir);
  }
}

async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const cluster = await openCluster(options.dataDir, options);
  let membership = await joinOrStart(cluster, options, options.signal);
  const { port } = membership;
  try {
    await rememberPort(cluster, port);
    await makeDatabase(membership);
    options.signal?.throwIfAborted();
  } catch (error) {
    const onFailure = (err: unknown) => options.log.error({ err }, 'the built-in Postgres could not be stopped');
    await leave(cluster, membership, options.log).catch(onFailure);
    throw error;
  }
  const leaving = new AbortController();
  const left = once(leaving.signal, 'abort').then(() => 'left' as const);
  const watching = watch();

  /** Starts Postgres again each time it is lost, on the same port because the URL is in use. */
  async function watch(): Promise<void> {
    while ((await Promise.race([membership.ended, left])) !== 'left') {
      options.log.warn({ port }, 'the built-in Postgres has stopped; starting it again');
      await membership.close();
      const next = await rejoin(cluster, options, port, leaving.signal);
      if (next === undefined) return;
      membership = next;
      options.log.info({ port }, 'the built-in Postgres runs again');
    }
  }

  return {
    target: findTarget(cluster, port, EMBEDDED_DATABASE),
    passwordFile: cluster.passwordFile,
    address: `postgres://${EMBEDDED_USER}:${cluster.password}@127.0.0.1:${port}/${EMBEDDED_DATABASE}`,
    async stop() {
      leaving.abort();
      await watching;
      await leave(cluster, membership, options.log);
    },
  };
}

const START_TIMEOUT_MS = 60_000;
const RETRY_MS = 20;

interface Joined extends Membership {
  readonly startedHere: boolean;
}

/**
 * Tries again while another program may be starting, stopping or dying. If Postgres was started here and can't be joined, it is
 * stopped again.
 *
 * @param port the one that must be used, because programs already have the URL.
 */
async function joinOrStart(
  cluster: Cluster,
  options: EmbeddedPostgresOptions,
  signal: AbortSignal | undefined,
  port?: number,
): Promise<Joined> {
  let result: StartResult | undefined;
  try {
    for (const deadline = Date.now() + START_TIMEOUT_MS; ; await delay(RETRY_MS)) {
      const running = await findPostmaster(cluster);
      const joined = running?.status === 'ready' ? await join(cluster, running.port) : undefined;
      if (joined !== undefined) return { ...joined, startedHere: result?.ready === true };
      signal?.throwIfAborted();
      assertHope(cluster, result, deadline);
      if (running !== undefined) continue;
      if (result === undefined) options.log.info({}, 'starting the built-in Postgres');
      result = await startPostmaster(cluster, port ?? (await choosePort(cluster)), options.settings ?? {}, signal);
    }
  } catch (error) {
    if (result?.ready === true) await stopPostmaster(cluster, result.pid);
    throw error;
  }
}

/** @throws {OperatorError} if another attempt can't help, or the time is up. */
function assertHope(cluster: Cluster, result: StartResult | undefined, deadline: number): void {
  const log = result?.ready === false ? result.log : '';
  if (Date.now() >= deadline || !PASSING.test(log)) throw describeFailedStart(cluster, log);
}

/**
 * Nothing went wrong, another Postgres had the directory or the port a moment ago, or the processes of a killed one are still
 * ending.
 */
const PASSING =
  /^$|lock file ".*" already exists|shared memory block .* still in use|could not bind|could not create any TCP/;

function describeFailedStart(cluster: Cluster, log: string): OperatorError {
  const fatal = log.split('\n').filter((line) => /FATAL|PANIC/.test(line));
  const reason = (fatal.length > 0 ? fatal.join('\n') : log) || 'it did not become ready in time';
  const incompatible = /database files are incompatible/.test(log);
  const hint = incompatible
    ? `${cluster.directory} was made by another major version of Postgres. Use the version of clerk-sync that made it, or set DATABASE_URL.`
    : `Its log is ${cluster.logFile}. Repair what it says, or set DATABASE_URL to your own Postgres.`;
  return new OperatorError('embedded_postgres_failed', `The built-in Postgres did not start: ${reason}`, { hint });
}

async function makeDatabase(membership: Membership): Promise<void> {
  const existing = await membership.run(`select 1 from pg_database where datname = '${EMBEDDED_DATABASE}'`);
  if (existing.length > 0) return;
  await membership.run(`create database ${EMBEDDED_DATABASE}`).catch((error: { code?: string }) => {
    // Another program that started at the same time was faster.
    if (error.code !== '42P04' && error.code !== '23505') throw error;
  });
}

const REJOIN_PAUSE_MS = 2000;

/** Tries until it works or the program leaves. Until then the service answers 503. */
async function rejoin(
  cluster: Cluster,
  options: EmbeddedPostgresOptions,
  port: number,
  leaving: AbortSignal,
): Promise<Joined | undefined> {
  while (!leaving.aborted) {
    try {
      return await joinOrStart(cluster, options, leaving, port);
    } catch (error) {
      if (leaving.aborted) break;
      options.log.error({ err: error, port }, 'the built-in Postgres could not be started again');
      await delay(REJOIN_PAUSE_MS, undefined, { signal: leaving }).catch(() => undefined);
    }
  }
  return undefined;
}

async function leave(cluster: Cluster, membership: Joined, log: Log): Promise<void> {
  // A lost connection means that Postgres is gone, so there may be nothing to stop.
  const isLast = await membership.resign().catch(() => true);
  if (isLast) await stopPostmaster(cluster);
  else if (membership.startedHere) log.info({}, 'the built-in Postgres continues, because another program uses it');
  await membership.close();
}
