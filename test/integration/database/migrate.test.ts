import { join } from 'node:path';
import type postgres from 'postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readCatalog } from '../../../scripts/read-catalog.ts';
import { migrate, printMigrationSql, readMigrationState } from '../../../src/db/migrations/migrate.ts';
import { readMigrations } from '../../../src/db/migrations/migration-files.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { spawnLines } from '../../support/child-lines.ts';
import { useTestDatabase } from '../../support/database.ts';
import { copyMigrations } from '../../support/migration-copies.ts';
import { useProxy } from '../../support/proxy.ts';
import { insertSampleRows } from '../../support/sample-rows.ts';

const MIGRATE_PROCESS = join(import.meta.dirname, '../../support/migrate-process.ts');

const NAMES = (await readMigrations()).map(({ name }) => name);

const runner = (sql: postgres.Sql) => ({ run: async (statement: string) => (await sql.unsafe(statement)) as never });

/** Rows of every table of the schema that the catalog knows, so that it works between any two versions. */
async function readRows(sql: postgres.Sql): Promise<Record<string, Record<string, unknown>[]>> {
  const tables = (await readCatalog(sql)).relations.filter(
    ({ kind, name }) => kind === 'table' && name !== 'migrations',
  );
  const entries = tables.map(async ({ name }) => {
    const rows = await sql.unsafe(`select to_jsonb(t) as row from clerk.${name} t order by to_jsonb(t)::text`);
    return [name, rows.map(({ row }) => row)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

describe('migrate', () => {
  test.each(['cutBefore', 'cutAfter'] as const)(
    'a connection that is lost in the middle is an error, and leaves nothing behind (%s)',
    async (cut) => {
      const database = await useTestDatabase({ from: 'nothing' });
      const proxy = await useProxy(database.url, () => ({ [cut]: 'insert into clerk.migrations' }) as never);
      await expect(migrate(parseDatabaseUrl(proxy.url))).rejects.toMatchObject({ name: 'OperatorError' });
      expect(proxy.connections).toBe(1);
      expect([...(await database.sql`select from pg_namespace where nspname = 'clerk'`)]).toEqual([]);
      expect((await migrate(parseDatabaseUrl(database.url))).applied).toEqual(NAMES);
    },
  );

  test('lets one of eight processes that start at once do the work, and the others find nothing left', async () => {
    const database = await useTestDatabase({ from: 'nothing' });
    const processes = Array.from({ length: 8 }, () => spawnLines(MIGRATE_PROCESS, database.url));
    for (const process of processes) expect(await process.readLine()).toBe('ready');
    for (const process of processes) process.writeLine('go');

    const results = await Promise.all(processes.map((process) => process.readLine()));

    expect(results.map((line) => JSON.parse(line).applied).sort((a, b) => b.length - a.length)).toEqual([
      NAMES,
      ...Array.from({ length: 7 }, () => []),
    ]);
    expect(await readMigrationState(runner(database.sql))).toEqual({ state: 'current', migrations: [] });
  });

  test('puts everything into the schema clerk and nothing anywhere else', async () => {
    const database = await useTestDatabase({ from: 'nothing' });
    const read = () => database.sql`
      select relnamespace::regnamespace::text as schema, relname as name from pg_class where oid >= 16384 
      union all select nspname, '' from pg_namespace where oid >= 16384`;
    expect(await read()).toEqual([]);

    await migrate(parseDatabaseUrl(database.url));

    const schemas = new Set((await read()).map(({ schema }) => schema.replace('pg_toast', 'clerk')));
    expect(schemas).toEqual(new Set(['clerk']));
  });

  test.each(NAMES.map((name, index) => [name, index] as const))(
    'brings data through %s unchanged',
    async (name, index) => {
      const database = await useTestDatabase({ from: 'nothing' });
      await migrate(parseDatabaseUrl(database.url), { directory: await copyMigrations({ keep: index }) });
      if (index > 0) await insertSampleRows(database.sql);
      const before = await readRows(database.sql);

      const result = await migrate(parseDatabaseUrl(database.url), {
        directory: await copyMigrations({ keep: index + 1 }),
      });

      expect(result).toEqual({ applied: [name] });
      expect(await readRows(database.sql)).toMatchObject(before);
      if (index === 0) await insertSampleRows(database.sql);
    },
  );

  test('refuses a database that a newer program has migrated, and leaves it alone', async () => {
    const database = await useTestDatabase();
    const directory = await copyMigrations({ add: { '9999_future': 'create table clerk.future ()' } });
    await migrate(parseDatabaseUrl(database.url), { directory });
    const before = await readCatalog(database.sql);

    await expect(migrate(parseDatabaseUrl(database.url))).rejects.toMatchObject({
      name: 'OperatorError',
      code: 'database_newer',
      message: 'The database has migrations that this version of clerk-sync does not know: 9999_future.',
      hint: expect.stringContaining('Run the version that made them'),
    });

    expect(await readCatalog(database.sql)).toEqual(before);
  });

  test('refuses a database whose migrations are not those of the program', async () => {
    const database = await useTestDatabase();
    await database.sql`update clerk.migrations set hash = 'another' where name = ${NAMES[0] ?? ''}`;

    await expect(migrate(parseDatabaseUrl(database.url))).rejects.toMatchObject({
      code: 'migration_changed',
      message: `These migrations of the database are different from those of this version of clerk-sync: ${NAMES[0]}.`,
    });
  });

  test('names the migration that failed and the reason, and leaves nothing of the whole run', async () => {
    const database = await useTestDatabase();
    const before = [await readCatalog(database.sql), await database.sql`select * from clerk.migrations`];
    const directory = await copyMigrations({
      add: {
        '9998_good': 'create table clerk.good ()',
        '9999_bad': 'create table clerk.half ();\nselect * from clerk.absent',
      },
    });

    for (const _attempt of ['first', 'next start']) {
      await expect(migrate(parseDatabaseUrl(database.url), { directory })).rejects.toMatchObject({
        name: 'OperatorError',
        code: 'migration_failed',
        message:
          'The migration 9999_bad.sql failed: relation "clerk.absent" does not exist (SQLSTATE 42P01). The database is as it was before.',
      });
    }

    expect([await readCatalog(database.sql), await database.sql`select * from clerk.migrations`]).toEqual(before);
  });

  test('leaves an empty database empty when the first migration fails', async () => {
    const database = await useTestDatabase({ from: 'nothing' });
    const directory = await copyMigrations({ keep: 0, add: { '0000_bad': 'create table clerk.half (); select 1/0' } });

    await expect(migrate(parseDatabaseUrl(database.url), { directory })).rejects.toMatchObject({
      code: 'migration_failed',
    });

    expect(await database.sql`select to_regnamespace('clerk') as schema`).toEqual([{ schema: null }]);
  });

  test('says that it waits, and goes on when the other process has finished', async () => {
    const database = await useTestDatabase({ from: 'nothing' });
    const waiting = Promise.withResolvers<string>();
    const log = { info: (_fields: object, message: string) => waiting.resolve(message) };
    const other = await database.sql.reserve();
    await other.unsafe(`begin; select pg_advisory_xact_lock(${0x63_6c_65_72_6b})`);

    const migrated = migrate(parseDatabaseUrl(database.url), { log });
    expect(await waiting.promise).toBe('waiting for another process that is migrating this database');
    await other.unsafe('commit');
    other.release();

    expect(await migrated).toEqual({ applied: NAMES });
  });

  test('needs no right to make schemas where an administrator has made it', async () => {
    const database = await useTestDatabase({ from: 'nothing' });
    const { username, url } = await makeRole(database);
    await expect(migrate(parseDatabaseUrl(url))).rejects.toMatchObject({
      code: 'migration_failed',
      message: expect.stringMatching(/0000_tables.*permission denied for database/),
      hint: expect.stringContaining('CREATE on the database'),
    });
    await database.sql.unsafe(`create schema clerk; grant usage, create on schema clerk to ${username}`);

    expect(await migrate(parseDatabaseUrl(url))).toEqual({ applied: NAMES });
  });

  test.each([
    ['nobody listens', (url: URL) => Object.assign(url, { port: '1' })],
    ['the password is wrong', (url: URL) => Object.assign(url, { username: 'nobody_at_all', password: 'hush-hush' })],
    ['the database does not exist', (url: URL) => Object.assign(url, { pathname: '/absent' })],
  ])('says what is wrong, without the password, when %s', async (_title, change) => {
    const database = await useTestDatabase();
    const url = change(new URL(database.url));

    const error = await migrate(parseDatabaseUrl(url.href)).catch((reason: unknown) => reason);

    expect(error).toMatchObject({ name: 'OperatorError', code: 'database_unreachable' });
    expect(String(error)).toMatch(/ECONNREFUSED|authentication failed|role "nobody_at_all"|"absent" does not exist/);
    expect(JSON.stringify(error) + String(error)).not.toContain('hush-hush');
  });
});

/** A role that may connect and no more, which goes away with the test. */
async function makeRole(database: { sql: postgres.Sql; url: string }) {
  const url = new URL(database.url);
  const username = `${url.pathname.slice(1)}_role`;
  const password = 'of-the-test';
  await database.sql.unsafe(`create role ${username} login password '${password}'`);
  onTestFinished(async () => {
    await database.sql.unsafe(`drop owned by ${username}; drop role ${username}`);
  });
  return { username, url: Object.assign(url, { username, password }).href };
}

describe('printMigrationSql', () => {
  test('prints SQL that makes the same database as migrate does, and then nothing more', async () => {
    const [printed, migrated] = [await useTestDatabase({ from: 'nothing' }), await useTestDatabase()];

    const session = await printed.sql.reserve();
    await session.unsafe(await printMigrationSql(parseDatabaseUrl(printed.url)));
    session.release();

    expect(await readCatalog(printed.sql)).toEqual(await readCatalog(migrated.sql));
    expect(await readMigrationState(runner(printed.sql))).toEqual({ state: 'current', migrations: [] });
    expect(await printMigrationSql(parseDatabaseUrl(printed.url))).toBe('');
  });

  test('changes nothing itself', async () => {
    const database = await useTestDatabase({ from: 'nothing' });
    await printMigrationSql(parseDatabaseUrl(database.url));
    expect(await readMigrationState(runner(database.sql))).toEqual({ state: 'missing', migrations: NAMES });
  });
});

describe('readMigrationState', () => {
  test('tells a database that lacks migrations', async () => {
    const database = await useTestDatabase({ from: 'nothing' });
    await migrate(parseDatabaseUrl(database.url), { directory: await copyMigrations({ keep: 1 }) });
    expect(await readMigrationState(runner(database.sql))).toEqual({ state: 'pending', migrations: NAMES.slice(1) });
  });

  test('tells a newer database', async () => {
    const database = await useTestDatabase();
    await database.sql`insert into clerk.migrations (name, hash) values ('9999_future', '')`;
    expect(await readMigrationState(runner(database.sql))).toEqual({ state: 'newer', migrations: ['9999_future'] });
  });

  test('tells a database that lacks a migration from the middle', async () => {
    const database = await useTestDatabase();
    await database.sql`delete from clerk.migrations where name = ${NAMES[0] ?? ''}`;
    expect(await readMigrationState(runner(database.sql))).toEqual({ state: 'changed', migrations: NAMES.slice(1) });
  });
});
