import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { migrate } from '../../src/db/migrations/migrate.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';

export interface Template {
  readonly name: string;
  /** What the names of all databases of this run begin with. */
  readonly prefix: string;
  /** Drops the template and whatever databases of this run are left. */
  drop(): Promise<void>;
}

/** Migrates one empty database for others to be cloned from: a clone takes some 25 ms, whatever the migrations grow to. */
export async function createTemplate(serverUrl: string): Promise<Template> {
  const prefix = `clerk_sync_test_${randomBytes(4).toString('hex')}_`;
  const name = `${prefix}template`;
  await withServer(serverUrl, (sql) => sql.unsafe(`create database ${name}`));
  await migrate(parseDatabaseUrl(replaceDatabase(serverUrl, name)));
  return {
    name,
    prefix,
    drop: () =>
      withServer(serverUrl, async (sql) => {
        const databases = await sql`select datname from pg_database where starts_with(datname, ${prefix})`;
        for (const { datname } of databases) await sql.unsafe(`drop database if exists ${datname} with (force)`);
      }),
  };
}

/** Runs `work` on one connection to the server's own database, and closes it. */
export async function withServer<T>(serverUrl: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(serverUrl, {
    max: 1,
    onnotice: () => undefined,
    connection: { application_name: 'test server' },
  });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

/** The same server and role, another database. */
export function replaceDatabase(url: string, database: string): string {
  const replaced = new URL(url);
  replaced.pathname = `/${database}`;
  return replaced.href;
}
