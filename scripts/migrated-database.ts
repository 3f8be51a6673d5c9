import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type postgres from 'postgres';
import { connect } from '../src/db/connection/connect.ts';
import { createClient } from '../src/db/connection/create-client.ts';
import { migrate } from '../src/db/migrations/migrate.ts';
import { startEmbeddedPostgres } from '../src/embedded-postgres/start-embedded-postgres.ts';

const log = { info: () => undefined, warn: console.warn, error: console.error };

/** Lends a database that the migrations have just made, in a Postgres of its own that is gone afterwards. */
export async function withMigratedDatabase<T>(work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'clerk-sync-schema-'));
  const server = await startEmbeddedPostgres({ dataDir: directory, log });
  try {
    await migrate(server.target);
    const sql = createClient(server.target, {
      applicationName: 'clerk-sync schema',
      openSocket: () => connect(server.target),
    });
    return await work(sql).finally(() => sql.end());
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
