import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { makeSecret } from '../../support/signed-request.ts';

const CLERK_WEBHOOK_SIGNING_SECRET = makeSecret();

describe('a database that can not be used is said in words', () => {
  test('one that nobody has migrated: how to do that', async () => {
    const { url: DATABASE_URL } = await useTestDatabase({ from: 'nothing' });
    expect(await callCli(['dead-letters', 'list'], { env: { DATABASE_URL, CLERK_WEBHOOK_SIGNING_SECRET } })).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `clerk-sync: The database does not have the tables of this version yet.
Run \`clerk-sync migrate\`, or start the service.
`,
    });
  });

  test('one that a newer version has migrated: which version to use', async () => {
    const { url: DATABASE_URL, sql } = await useTestDatabase();
    await sql`insert into clerk.migrations (name, hash) values ('9999_future', 'hash')`;
    expect(await callCli(['dead-letters', 'list'], { env: { DATABASE_URL, CLERK_WEBHOOK_SIGNING_SECRET } })).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `clerk-sync: The database belongs to another version of clerk-sync.
Use the version of clerk-sync that the service runs.
`,
    });
  });

  test('one that is not there', async () => {
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', CLERK_WEBHOOK_SIGNING_SECRET };
    expect(await callCli(['dead-letters', 'list'], { env })).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `clerk-sync: The database can't be reached (ECONNREFUSED).
Check that Postgres runs and that DATABASE_URL is right, then run this again.
`,
    });
  });

  test('none configured and none made: how to come by one', async () => {
    const DATA_DIR = await mkdtemp(join(tmpdir(), 'clerk-sync-cli-'));
    onTestFinished(() => rm(DATA_DIR, { recursive: true }));
    expect(await callCli(['dead-letters', 'list'], { env: { DATA_DIR } })).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `clerk-sync: There is no database yet: DATABASE_URL is not set, and the folder ${DATA_DIR} has none.
Start the service once with \`clerk-sync serve\`, or set DATABASE_URL.
`,
    });
  });
});

describe('migrate', () => {
  test('says what it applied, and the next time that there is nothing to do', async () => {
    const { url: DATABASE_URL, sql } = await useTestDatabase({ from: 'nothing' });
    const env = { DATABASE_URL, CLERK_WEBHOOK_SIGNING_SECRET };
    const first = await callCli(['migrate'], { env });
    const names = (await sql`select name from clerk.migrations order by name`).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(0);
    expect(first).toEqual({ exitCode: 0, stderr: '', stdout: names.map((name) => `applied ${name}\n`).join('') });

    const nothing = 'Nothing to do: the database is up to date.\n';
    expect(await callCli(['migrate'], { env })).toEqual({ exitCode: 0, stderr: '', stdout: nothing });
    expect(JSON.parse((await callCli(['migrate', '--json'], { env })).stdout)).toEqual({ applied: [] });
    expect((await callCli(['migrate', '--print-sql'], { env })).stdout).toBe(`-- ${nothing}`);
  });

  test('prints with --print-sql what it would run; that run by hand is the same', async () => {
    const { url: DATABASE_URL, sql } = await useTestDatabase({ from: 'nothing' });
    const env = { DATABASE_URL, CLERK_WEBHOOK_SIGNING_SECRET };
    const { exitCode, stdout } = await callCli(['migrate', '--print-sql'], { env });
    expect({ exitCode, schemas: [...(await sql`select 1 from pg_namespace where nspname = 'clerk'`)] }).toEqual({
      exitCode: 0,
      schemas: [],
    });
    const connection = await sql.reserve();
    await connection.unsafe(stdout);
    connection.release();
    expect((await callCli(['migrate'], { env })).stdout).toBe('Nothing to do: the database is up to date.\n');
  });
});
