import { createServer } from 'node:net';
import postgres from 'postgres';
import { expect, onTestFinished } from 'vitest';
import { createPool } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { createStorm } from '../../src/samples/create-storm.ts';
import type { SampleEvent } from '../../src/samples/sample-event.ts';
import { makeDeliveryEntry } from '../../src/sync/batch-entry.ts';
import { settleBatch } from '../../src/sync/settle-batch.ts';
import { createTestDatabase } from './database.ts';
import { dumpTables, type TablesDump } from './database-dump.ts';
import { type Load, startLoad } from './load.ts';
import { countRows, findBrokenPromises, type LoadReport, reportLoad } from './load-report.ts';
import { type Service, startService } from './service.ts';
import { makeSecret } from './signed-request.ts';

const EVENTS = 1500;
const WORKERS = 32;
/** Resent although it was acknowledged, as Svix does when an answer is lost. */
const REPEATED = 100;

/** Columns that tell when and in which order things arrived, and not what was made of them. */
const ARRIVAL = ['synced_at', 'received_at', 'outcome'];

/** The service as a process, its sender, and what both must have come to in the end. */
export interface Scene {
  readonly events: readonly SampleEvent[];
  readonly load: Load;
  /** The process that runs now. */
  service(): Service;
  /** Starts it again, on the same port. */
  restart(): Promise<void>;
  /**
   * Waits until everything was sent once; then every promise must have been kept, and everything else been refused or
   * left without an answer. Then what was not acknowledged is sent again, and the tables must be those of in-order
   * application.
   */
  expectNothingLost(database: postgres.Sql): Promise<LoadReport>;
}

export interface SceneOptions {
  readonly name: string;
  readonly seed: number;
  /** Added to the service's environment, such as its `DATABASE_URL`. */
  readonly env?: Record<string, string>;
  /** The service's working directory, where an embedded database lies. */
  readonly directory?: string;
}

/** Starts the service and begins to send it a storm. */
export async function startScene({ name, seed, env = {}, directory }: SceneOptions): Promise<Scene> {
  const secret = makeSecret();
  const port = await findFreePort();
  const start = () =>
    startService({
      env: { CLERK_WEBHOOK_SIGNING_SECRET: secret, PORT: String(port), LOG_LEVEL: 'warn', ...env },
      ...(directory === undefined ? {} : { directory }),
    });
  const started: Service[] = [await start()];
  onTestFinished(async () => {
    for (const service of started) await service.cleanUp();
  });
  const service = () => started.at(-1) as Service;
  const events = [...createStorm({ seed, count: EVENTS }).events];
  const load = startLoad({ events, secret, url: service().url, workers: WORKERS });
  return {
    events,
    load,
    service,
    async restart() {
      started.push(await start());
    },
    async expectNothingLost(database) {
      await load.sentOnce;
      const report = await reportLoad(database, load);
      expect(await findBrokenPromises(database, load, events)).toEqual([]);
      expect(report).toMatchObject({ sent: EVENTS, others: [] });
      const resent = await load.resend();
      const repeated = await load.repeat(events.slice(-REPEATED));
      expect(repeated.map(({ outcome }) => outcome)).toEqual(repeated.map(() => 'duplicate'));
      expect(await dumpTables(database, { omit: ARRIVAL })).toEqual(await dumpInOrder(seed, events));
      console.log(`${name} (seed ${seed}):`, JSON.stringify({ ...report, resent, rows: await countRows(database) }));
      return report;
    },
  };
}

/** Opens a client for reading what the service wrote; the test's end closes it. */
export function useReader(url: string): postgres.Sql {
  const sql = postgres(url, { max: 2, onnotice: () => undefined, connection: { TimeZone: 'UTC' } });
  onTestFinished(() => sql.end({ timeout: 1 }));
  return sql;
}

const dumps = new Map<number, Promise<TablesDump>>();

/** The tables that the storm makes when each of its events is applied once, alone and in order. */
function dumpInOrder(seed: number, events: readonly SampleEvent[]): Promise<TablesDump> {
  const known = dumps.get(seed) ?? applyInOrder(events);
  dumps.set(seed, known);
  return known;
}

async function applyInOrder(events: readonly SampleEvent[]): Promise<TablesDump> {
  const database = await createTestDatabase();
  const pool = createPool({ target: parseDatabaseUrl(database.url), size: 1 });
  const at = new Date();
  for (const { messageId, body } of events) {
    await settleBatch({ pool, deletedUsers: 'erase' }, [
      makeDeliveryEntry({ messageId, body, signedAt: at, receivedAt: at }),
    ]);
  }
  const dump = await dumpTables(database.sql, { omit: ARRIVAL });
  await pool.close();
  await database.drop();
  return dump;
}

function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
