import { randomBytes } from 'node:crypto';
import { expect, inject, onTestFinished, test } from 'vitest';
import { type TestDatabase, useTestDatabase } from '../../support/database.ts';
import { withServer } from '../../support/database-template.ts';
import { runDoctorCommand, useDoctorScene } from '../../support/doctor-scene.ts';
import { usePostgresServer } from '../../support/postgres-server.ts';
import { makeSecret } from '../../support/signed-request.ts';

const SKIPPED = { status: 'skipped', finding: 'There is no connection to the database.' };

/** The same database for a role of its own, which has what `grants` gives it. */
async function makeRole({ url, sql }: TestDatabase, grants: string): Promise<string> {
  const role = `some_role_${randomBytes(6).toString('hex')}`;
  await sql.unsafe(`create role ${role} login password 'some'; ${grants.replaceAll('$role', role)}`);
  onTestFinished(async () => {
    await sql.unsafe(`drop owned by ${role}; drop role ${role}`);
  });
  const address = new URL(url);
  address.username = role;
  address.password = 'some';
  return address.href;
}

const ALL_RIGHTS =
  'grant usage on schema clerk to $role; grant select, insert, update, delete on all tables in schema clerk to $role';

test.each([
  [
    'a server that is not there',
    (url: URL) => {
      url.port = '1';
    },
    'ECONNREFUSED',
    'Check that Postgres runs, and that the host and the port in DATABASE_URL are right as seen from here.',
  ],
  [
    'a wrong password',
    (url: URL) => {
      url.password = 'wrong';
    },
    '28P01',
    'The user or the password in DATABASE_URL is wrong.',
  ],
  [
    'a database that is not there',
    (url: URL) => {
      url.pathname = '/none';
    },
    '3D000',
    'Create the database that DATABASE_URL names, or change the name.',
  ],
])('finds %s, and skips the checks that need it', async (_fault, change, code, advice) => {
  const { env, diagnose } = await useDoctorScene();
  const url = new URL(env.DATABASE_URL ?? '');
  change(url);
  const { exitCode, findAll } = await diagnose({ DATABASE_URL: url.href });
  expect({ exitCode, checks: findAll('connection', 'rights', 'columns', 'dead letters', 'secret key') }).toEqual({
    exitCode: 1,
    checks: [
      {
        name: 'connection',
        status: 'failed',
        finding: `No connection to the database ${url.host}${url.pathname} (${code}).`,
        advice,
      },
      { name: 'rights', ...SKIPPED },
      { name: 'columns', ...SKIPPED },
      { name: 'dead letters', ...SKIPPED },
      { name: 'secret key', status: 'ok', finding: 'Accepted, for a production instance (sk_live_).' },
    ],
  });
});

test('finds a database that nobody has migrated', async () => {
  const { url } = await useTestDatabase({ from: 'nothing' });
  const { exitCode, findAll } = await runDoctorCommand({
    DATABASE_URL: url,
    CLERK_WEBHOOK_SIGNING_SECRET: makeSecret(),
  });
  expect({ exitCode, checks: findAll('rights', 'migrations', 'columns', 'last delivery', 'sizes') }).toEqual({
    exitCode: 1,
    checks: [
      {
        name: 'rights',
        status: 'ok',
        finding: `There is no schema clerk yet. The role ${new URL(url).username} may make it.`,
      },
      {
        name: 'migrations',
        status: 'failed',
        finding: 'The database has no tables of clerk-sync yet.',
        advice: 'Run `clerk-sync migrate`, or start the service.',
      },
      { name: 'columns', status: 'skipped', finding: 'There are no tables yet.' },
      { name: 'last delivery', status: 'skipped', finding: 'The table webhook_messages is missing.' },
      { name: 'sizes', status: 'skipped', finding: 'There are no tables yet.' },
    ],
  });
});

test('finds a database that takes no writes', async () => {
  const { sql, url, diagnose } = await useDoctorScene();
  const database = new URL(url).pathname.slice(1);
  await sql.unsafe(`alter database ${database} set default_transaction_read_only = on`);
  const { exitCode, find } = await diagnose();
  expect({ exitCode, check: find('writes') }).toEqual({
    exitCode: 1,
    check: {
      name: 'writes',
      status: 'failed',
      finding: 'default_transaction_read_only is on: nothing can be written.',
      advice: `Find out who set it and why. Then run: alter database ${database} reset default_transaction_read_only;`,
    },
  });
});

test('finds commits that do not wait for the disk', async () => {
  const { sql, url, diagnose } = await useDoctorScene();
  const database = new URL(url).pathname.slice(1);
  await sql.unsafe(`alter database ${database} set synchronous_commit = off`);
  const { exitCode, find } = await diagnose();
  expect({ exitCode, check: find('durability') }).toEqual({
    exitCode: 3,
    check: {
      name: 'durability',
      status: 'warning',
      finding:
        'synchronous_commit is off. The service turns it on for its own transactions; others who write here can lose commits.',
      advice: `alter database ${database} set synchronous_commit = on;`,
    },
  });
});

test('finds a server that a crash would damage, that has few connections and does not vacuum', async () => {
  const { url } = await usePostgresServer({ settings: { fsync: 'off', max_connections: '12', autovacuum: 'off' } });
  const { exitCode, findAll } = await runDoctorCommand({
    DATABASE_URL: url,
    CLERK_WEBHOOK_SIGNING_SECRET: makeSecret(),
    DATABASE_POOL_SIZE: '10',
  });
  expect({ exitCode, checks: findAll('durability', 'connections') }).toEqual({
    exitCode: 1,
    checks: [
      {
        name: 'durability',
        status: 'failed',
        finding: 'fsync is off: a crash of the server can lose or damage what was acknowledged.',
        advice: 'As a superuser: alter system set fsync = on; select pg_reload_conf();',
      },
      {
        name: 'connections',
        status: 'failed',
        finding: 'DATABASE_POOL_SIZE is 10, and Postgres allows 9 connections.',
        advice: 'Lower DATABASE_POOL_SIZE, raise max_connections or the limit of the role, or use PgBouncer.',
      },
    ],
  });
});

test('finds an encoding that can not hold every character', async () => {
  const { sql, url } = await useTestDatabase({ from: 'nothing' });
  const database = `${new URL(url).pathname.slice(1)}_ascii`;
  const [server] = await sql<{ version: number }[]>`select current_setting('server_version_num')::int as version`;
  // The template's own provider may know UTF8 only; before 15 there was one.
  const provider = (server?.version ?? 0) < 150_000 ? '' : 'locale_provider libc';
  await sql.unsafe(
    `create database ${database} template template0 encoding 'SQL_ASCII' ${provider} lc_collate 'C' lc_ctype 'C'`,
  );
  onTestFinished(async () => {
    await withServer(inject('testDatabase').serverUrl, (server) => server.unsafe(`drop database ${database}`));
  });
  const address = new URL(url);
  address.pathname = `/${database}`;
  const { find } = await runDoctorCommand({ DATABASE_URL: address.href });
  expect(find('encoding')).toEqual({
    name: 'encoding',
    status: 'failed',
    finding: "The database's encoding is SQL_ASCII, which can't hold every character.",
    advice:
      'Dump it, make a database with `create database … encoding UTF8 template template0`, and restore into that.',
  });
});

/** A foreign table beside them is nobody's business here. */
const OWN_TABLES = [
  ...['admin_actions', 'admin_sessions', 'backfill_runs', 'dead_letters', 'drift_acknowledgements', 'email_addresses'],
  ...['enterprise_accounts', 'external_accounts', 'migrations', 'passkeys', 'phone_numbers', 'processes'],
  ...['reconcile_runs', 'replay_runs', 'saml_accounts'],
  ...['user_update_limits', 'user_updates', 'users', 'web3_wallets', 'webhook_messages'],
]
  .map((name) => `clerk.${name}`)
  .join(', ');

test('finds a role that may not use the schema', async () => {
  const scene = await useDoctorScene();
  const url = await makeRole(scene, '');
  const { exitCode, findAll } = await scene.diagnose({ DATABASE_URL: url });
  const role = new URL(url).username;
  expect({ exitCode, checks: findAll('rights', 'dead letters') }).toEqual({
    exitCode: 1,
    checks: [
      {
        name: 'rights',
        status: 'failed',
        finding: `The role ${role} may not use the schema clerk.`,
        advice: `As ${new URL(scene.url).username}: grant usage on schema clerk to ${role}; grant select, insert, update, delete on ${OWN_TABLES} to ${role};`,
      },
      {
        name: 'dead letters',
        status: 'skipped',
        finding: 'The role of DATABASE_URL may not read this: see rights.',
      },
    ],
  });
});

test('finds a role that may not write one of the tables', async () => {
  const scene = await useDoctorScene();
  const url = await makeRole(scene, `${ALL_RIGHTS}; revoke delete on clerk.passkeys from $role`);
  const { exitCode, find } = await scene.diagnose({ DATABASE_URL: url });
  const role = new URL(url).username;
  expect({ exitCode, check: find('rights') }).toEqual({
    exitCode: 1,
    check: {
      name: 'rights',
      status: 'failed',
      finding: `The role ${role} may not delete passkeys.`,
      advice: `As ${new URL(scene.url).username}: grant select, insert, update, delete on ${OWN_TABLES} to ${role};`,
    },
  });
});

test('finds row security that hides rows', async () => {
  const scene = await useDoctorScene();
  const url = await makeRole(scene, `${ALL_RIGHTS}; alter table clerk.users enable row level security`);
  const { exitCode, find } = await scene.diagnose({ DATABASE_URL: url });
  const role = new URL(url).username;
  expect({ exitCode, check: find('rights') }).toEqual({
    exitCode: 1,
    check: {
      name: 'rights',
      status: 'failed',
      finding: `Row security on users hides rows from the role ${role}, or refuses its writes.`,
      advice: `alter table clerk.users disable row level security; -- or, as a superuser: alter role ${role} bypassrls;`,
    },
  });
});
