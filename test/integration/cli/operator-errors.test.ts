import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { callCli } from '../../support/cli.ts';
import { type TestDatabase, useTestDatabase } from '../../support/database.ts';
import { makeSecret } from '../../support/signed-request.ts';

/** The same database for a role of its own, which has the rights that `grants` gives it. */
async function enterAs({ url, sql }: TestDatabase, grants = '') {
  const role = `some_role_${randomBytes(6).toString('hex')}`;
  await sql.unsafe(`create role ${role} login password 'some'; ${grants.replaceAll('$role', role)}`);
  onTestFinished(async () => void (await sql.unsafe(`drop owned by ${role}; drop role ${role}`)));
  return Object.assign(new URL(url), { username: role, password: 'some' }).href;
}

const run = (url: string, ...args: string[]) =>
  callCli(args, { env: { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() } });

test.each([['migrate'], ['migrate', '--print-sql'], ['dead-letters', 'list'], ['forget-messages', '--all']])(
  'a schema that the role may not use: %s %s says which, and what to do',
  async (...args) => {
    const { exitCode, stdout, stderr } = await run(await enterAs(await useTestDatabase()), ...args.filter(Boolean));
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^clerk-sync: The database refused .*\(SQLSTATE 42501\)\.\nPostgres says: permission denied for schema clerk\nThe role of DATABASE_URL lacks a right\. .*\n$/,
    );
  },
);

test('a table that the role may not write is named', async () => {
  const url = await enterAs(
    await useTestDatabase(),
    'grant usage on schema clerk to $role; grant select on all tables in schema clerk to $role',
  );
  const { exitCode, stderr } = await run(url, 'forget-messages', '--all');
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('permission denied for table webhook_messages')]);
});

test('a database that accepts no writes is explained', async () => {
  const { url, sql } = await useTestDatabase();
  const [row] = await sql`select current_database() as name`;
  await sql.unsafe(`alter database ${row?.name} set default_transaction_read_only = on`);
  const { exitCode, stderr } = await run(url, 'forget-messages', '--all');
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/SQLSTATE 25006.*read-only transaction.*standby/s)]);
});
