import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseTarget } from '../db/target/database-target.ts';
import { OperatorError } from '../errors.ts';
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

interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface EmbeddedPostgresOptions {
  /** Postgres's files go to `postgres` in it; relative to the working directory. */
  readonly dataDir: string;
  readonly log: Log;
  /** Server settings beside the defaults, for whoever starts it first. */
  readonly settings?: Record<string, string>;
  /** Ends the start: it rejects when nothing that it has begun runs any more. */
  readonly signal?: AbortSignal;
}

export interface EmbeddedPostgres {
  readonly target: DatabaseTarget;
  /**
   * Ready to paste into any client, with the password: it was made here, and the database is reachable from this machine
   * only. Nothing in it has to be quoted for a shell.
   */
  readonly address: string;
  /** Stops Postgres, unless another program uses it too. Call it when nothing of this program writes any more. */
  stop(): Promise<void>;
}

/**
 * A Postgres for whoever has none: real, durable, on 127.0.0.1, its data kept under `dataDir`. One that already
 * runs there is joined, be it left over from a killed service or in use by another; of several users the last one stops
 * it. Should it die meanwhile, it is started again on the same port, and recovers what was committed.
 *
 * @throws OperatorError when it can't be installed, initialised or started here. What was started is stopped then.
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
  let membership = await joinOrStart(cluster, options, { signal: options.signal });
  const { port } = membership;
  try {
    await rememberPort(cluster, port);
    await makeDatabase(membership);
    options.signal?.throwIfAborted();
  } catch (error) {
    const onFailure = (err: unknown) => options.log.error({ err }, 'embedded Postgres could not be stopped');
    await leave(cluster, membership, options.log).catch(onFailure);
    throw error;
  }
  const leaving = new AbortController();
  const left = once(leaving.signal, 'abort').then(() => 'left' as const);
  const watching = watch();

  /** Brings Postgres back each time it is lost, on the same port since the URL is in use. */
  async function watch(): Promise<void> {
    while ((await Promise.race([membership.ended, left])) !== 'left') {
      options.log.warn({ port }, 'embedded Postgres was lost: starting it again');
      await membership.close();
      const next = await rejoin(cluster, options, port, leaving.signal);
      if (next === undefined) return;
      membership = next;
      options.log.info({ port }, 'embedded Postgres is back');
    }
  }

  return {
    target: findTarget(cluster, port, EMBEDDED_DATABASE),
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
  /** False where Postgres ran already. */
  readonly startedHere: boolean;
}

interface JoinOptions {
  /** A port that is in use already, by those who have its URL. */
  readonly port?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where another program may be starting, stopping or dying at this moment, trying again is the answer. What was started
 * here and can't be joined is stopped again.
 */
async function joinOrStart(
  cluster: Cluster,
  options: EmbeddedPostgresOptions,
  { port, signal }: JoinOptions,
): Promise<Joined> {
  let result: StartResult | undefined;
  try {
    for (const deadline = Date.now() + START_TIMEOUT_MS; ; await delay(RETRY_MS)) {
      const { running, joined } = await joinRunning(cluster);
      if (joined !== undefined) return { ...joined, startedHere: result?.ready === true };
      signal?.throwIfAborted();
      assertHope(cluster, result, deadline);
      if (running) continue;
      if (result === undefined) options.log.info({}, 'starting the built-in Postgres');
      result = await startPostmaster(cluster, port ?? (await choosePort(cluster)), options.settings ?? {}, signal);
    }
  } catch (error) {
    if (result?.ready === true) await stopPostmaster(cluster, result.pid);
    throw error;
  }
}

/** @throws OperatorError when trying again can't help, or has been tried for long enough. */
function assertHope(cluster: Cluster, result: StartResult | undefined, deadline: number): void {
  const log = result?.ready === false ? result.log : '';
  if (Date.now() >= deadline || !isPassing(log)) throw describeFailedStart(cluster, log);
}

async function joinRunning(cluster: Cluster) {
  const postmaster = await findPostmaster(cluster);
  const joined = postmaster?.status === 'ready' ? await join(cluster, postmaster.port) : undefined;
  return { running: postmaster !== undefined, joined };
}

/**
 * Nothing went wrong; or another Postgres had the directory or the port a moment ago, or the processes of a killed one
 * are still ending.
 */
function isPassing(log: string): boolean {
  return /^$|lock file ".*" already exists|shared memory block .* still in use|could not bind|could not create any TCP/.test(
    log,
  );
}

function describeFailedStart(cluster: Cluster, log: string): OperatorError {
  const fatal = log.split('\n').filter((line) => /FATAL|PANIC/.test(line));
  const reason = (fatal.length > 0 ? fatal.join('\n') : log) || 'it did not become ready in time';
  const incompatible = /database files are incompatible/.test(log);
  return new OperatorError('embedded_postgres_failed', `The built-in Postgres did not start: ${reason}`, {
    hint: incompatible
      ? `${cluster.directory} was made by another major version of Postgres: use the version of clerk-sync that made it, or set DATABASE_URL.`
      : `Its log is ${cluster.logFile}. Mend what it says, or set DATABASE_URL to a Postgres of your own.`,
  });
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

/** Tries until it works or the program leaves: the service answers 503 meanwhile. */
async function rejoin(
  cluster: Cluster,
  options: EmbeddedPostgresOptions,
  port: number,
  leaving: AbortSignal,
): Promise<Joined | undefined> {
  while (!leaving.aborted) {
    try {
      return await joinOrStart(cluster, options, { port, signal: leaving });
    } catch (error) {
      if (leaving.aborted) break;
      options.log.error({ err: error, port }, 'embedded Postgres could not be started again');
      await delay(REJOIN_PAUSE_MS, undefined, { signal: leaving }).catch(() => undefined);
    }
  }
  return undefined;
}

async function leave(cluster: Cluster, membership: Joined, log: Log): Promise<void> {
  // A lost connection means that Postgres is gone: nobody is left to be asked, and there may be nothing to stop.
  const isLast = await membership.resign().catch(() => true);
  if (isLast) await stopPostmaster(cluster);
  else if (membership.startedHere) log.info({}, 'embedded Postgres stays up: another program uses it');
  await membership.close();
}
