import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type postgres from 'postgres';
import type { BenchServer } from './bench-server.ts';
import { type ContenderName, startContender } from './contenders.ts';
import type { LoadOptions, LoadResult } from './generate-load.ts';
import { readTreeUsage, readUsage } from './process-usage.ts';

export interface HttpScenario {
  readonly concurrency: number;
  readonly users: number;
  readonly events: number;
  readonly warmUp: number;
}

/** What one contender did in one round. */
export interface HttpMeasurement extends LoadResult {
  readonly contender: ContenderName;
  readonly concurrency: number;
  readonly eventsPerSecond: number;
  /** CPU seconds used during the run. */
  readonly serviceCpu: number;
  readonly postgresCpu: number;
  readonly rssMiB: number;
  readonly walBytesPerEvent: number;
  /** Row versions that updates and deletions left for vacuum. */
  readonly oldTuplesPerEvent: number;
}

let run = 0;

/** What a run has of its own. */
export interface HttpRunOptions {
  /** Beside what all contenders are given. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Puts something into the database before the contender starts. */
  readonly prepare?: (sql: postgres.Sql, url: string) => Promise<void>;
}

/** Runs one contender on a database of its own, which is empty. */
export async function measureHttp(
  server: BenchServer,
  contender: ContenderName,
  scenario: HttpScenario,
  { environment = {}, prepare }: HttpRunOptions = {},
): Promise<HttpMeasurement> {
  run += 1;
  const secret = `whsec_${randomBytes(24).toString('base64')}`;
  const database = await server.createDatabase(`http_${run}`, { migrated: contender !== 'before' });
  await prepare?.(database.sql, database.url);
  const program = await startContender(contender, database.url, secret, environment);
  try {
    const readState = async () => ({
      service: readUsage(program.pid),
      postgres: readTreeUsage(server.postmasterPid),
      wal: Number((await database.sql`select pg_current_wal_lsn() - '0/0' as bytes`)[0]?.bytes),
    });
    let before = await readState();
    const { result } = await generateLoad({ ...scenario, secret, port: program.port, run: `b${run}` }, async () => {
      before = await readState();
    });
    const after = await readState();
    if (result.failed > 0) throw new Error(`${contender}: ${result.failed} deliveries failed.`);
    const [old] = await database.sql`
      select sum(n_tup_upd + n_tup_del)::float as tuples from pg_stat_user_tables where schemaname = 'clerk'`;
    return {
      contender,
      concurrency: scenario.concurrency,
      ...result,
      eventsPerSecond: result.events / result.seconds,
      serviceCpu: after.service.cpuSeconds - before.service.cpuSeconds,
      postgresCpu: after.postgres.cpuSeconds - before.postgres.cpuSeconds,
      rssMiB: after.service.rssMiB,
      walBytesPerEvent: (after.wal - before.wal) / result.events,
      oldTuplesPerEvent: Number(old?.tuples) / (result.events + scenario.warmUp),
    };
  } finally {
    await program.stop();
    await database.drop();
  }
}

/** Runs the generator in its own process; `onStart` is called when it begins to count. */
export async function generateLoad(
  options: LoadOptions,
  onStart: () => Promise<void>,
): Promise<{ result: LoadResult }> {
  const child = fork(join(import.meta.dirname, 'generate-load.ts'));
  child.send(options);
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if (message === 'start') onStart().catch(reject);
      else if (typeof message === 'object') resolve(message as { result: LoadResult });
    });
    child.once('exit', (code) => reject(new Error(`The load generator ended with ${code}.`)));
  });
}
