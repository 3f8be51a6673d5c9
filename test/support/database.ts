import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject, onTestFinished } from 'vitest';
import type { DatabaseTarget } from '../../src/db/target/database-target.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { findLeaks } from './database-leaks.ts';
import { replaceDatabase, withServer } from './database-template.ts';

export interface TestDatabase {
  readonly url: string;
  readonly target: DatabaseTarget;
  /** A client for the test's own statements: at most 5 connections, times in UTC. */
  readonly sql: postgres.Sql;
  /** Closes the client and drops the database, whoever still uses it. Safe to call twice. */
  drop(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** `template`: migrated, without rows. `nothing`: as `create database` makes it. */
  readonly from?: 'template' | 'nothing';
}

/** Makes a database of its own for the caller, who drops it. */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { serverUrl, template, prefix } = inject('testDatabase');
  const name = `${prefix}${randomBytes(6).toString('hex')}`;
  const source = options.from === 'nothing' ? 'template0' : template;
  await withServer(serverUrl, (sql) => sql.unsafe(`create database ${name} template ${source}`));
  const url = replaceDatabase(serverUrl, name);
  const sql = postgres(url, {
    max: 5,
    onnotice: () => undefined,
    connection: { application_name: 'test', TimeZone: 'UTC' },
  });
  const drop = async () => {
    await sql.end({ timeout: 5 });
    await withServer(serverUrl, (server) => server.unsafe(`drop database if exists ${name} with (force)`));
  };
  return { url, target: parseDatabaseUrl(url), sql, drop };
}

/**
 * A database for the running test: when the test has finished it is dropped, and the test fails if the program left
 * a connection or an open transaction behind.
 */
export async function useTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const database = await createTestDatabase(options);
  onTestFinished(async () => {
    const leaks = await findLeaks(database).finally(() => database.drop());
    if (leaks.length > 0) throw new Error(`Connections were left open:\n${leaks.join('\n')}`);
  });
  return database;
}
