import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { startEmbeddedPostgres } from '../../src/embedded-postgres/start-embedded-postgres.ts';
import { createTemplate, replaceDatabase, withServer } from '../support/database-template.ts';
import { formatUrl } from '../support/format-url.ts';

/** The bench's own Postgres, with its defaults: `fsync` and `synchronous_commit` are on. */
export interface BenchServer {
  readonly postmasterPid: number;
  /** Makes a migrated database without rows; with `migrated: false`, one without tables, for a program of another version. */
  createDatabase(name: string, options?: { readonly migrated?: boolean }): Promise<BenchDatabase>;
  readVersion(): Promise<string>;
  stop(): Promise<void>;
}

export interface BenchDatabase {
  readonly url: string;
  readonly sql: postgres.Sql;
  drop(): Promise<void>;
}

/** Starts Postgres on a directory of its own. */
export async function startBenchServer(): Promise<BenchServer> {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-bench-'));
  const log = { info: () => undefined, warn: console.warn, error: console.error };
  const server = await startEmbeddedPostgres({ dataDir: directory, log });
  const serverUrl = formatUrl(server.target);
  const template = await createTemplate(serverUrl);
  const [pid = ''] = (await readFile(join(directory, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
  return {
    postmasterPid: Number(pid),
    async createDatabase(name, { migrated = true } = {}) {
      const database = `${template.prefix}${name}`;
      await withServer(serverUrl, async (sql) => {
        await sql.unsafe(`drop database if exists ${database} with (force)`);
        await sql.unsafe(`create database ${database} template ${migrated ? template.name : 'template1'}`);
        // What one contender left to be written must not be paid for by the next.
        await sql.unsafe('checkpoint');
      });
      const url = replaceDatabase(serverUrl, database);
      const sql = postgres(url, { max: 1, onnotice: () => undefined });
      return {
        url,
        sql,
        async drop() {
          await sql.end({ timeout: 1 });
          await withServer(serverUrl, (admin) => admin.unsafe(`drop database if exists ${database} with (force)`));
        },
      };
    },
    readVersion: () =>
      withServer(serverUrl, async (sql) => String((await sql`show server_version`)[0]?.server_version)),
    async stop() {
      await template.drop();
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
