import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { createReceiver } from '../../../src/sync/receive.ts';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { runDoctorCommand } from '../../support/doctor-scene.ts';
import { makeApiUser } from '../../support/fake-clerk/make-api-user.ts';
import { useFakeClerk } from '../../support/fake-clerk/use-fake-clerk.ts';
import { makeSecret } from '../../support/signed-request.ts';

/** A database that has nothing of clerk-sync, where a wrapper or somebody else has made a table `clerk.users`. */
async function useOtherSchema(schema: string) {
  const { url, sql } = await useTestDatabase({ from: 'nothing' });
  await sql.unsafe(`create schema clerk;
    create foreign data wrapper nothing; create server nowhere foreign data wrapper nothing;
    create foreign table clerk.users (id text, attrs jsonb) server nowhere;
    create table clerk.email_addresses (mine int)`);
  const clerk = await useFakeClerk({ users: [0, 1, 2].map((n) => makeApiUser(n)) });
  const env = {
    DATABASE_URL: url,
    DATABASE_SCHEMA: schema,
    CLERK_WEBHOOK_SIGNING_SECRET: makeSecret(),
    CLERK_SECRET_KEY: clerk.secretKey,
    CLERK_API_URL: clerk.url,
  };
  const run = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await callCli(args, { env });
    return args.includes('--json') ? [exitCode, JSON.parse(stdout)] : [exitCode, stdout, stderr];
  };
  return { url, sql, clerk, env, run };
}

const at = new Date('2026-02-01T09:00:00Z');

test.each(['my schema', `Users"x's`])(
  'everything is kept in the schema %s, beside foreign tables in clerk',
  async (schema) => {
    const { url, sql, clerk, env, run } = await useOtherSchema(schema);
    const name = sql(schema);
    expect(await run('migrate')).toEqual([0, expect.stringContaining('applied 0000_tables'), '']);
    expect(await run('migrate')).toEqual([0, 'Nothing to do: the database is up to date.\n', '']);

    const pool = createPool({ target: { ...parseDatabaseUrl(url), schema }, size: 2 });
    onTestFinished(() => pool.close());
    const { receive } = createReceiver({ pool, deletedUsers: 'erase' });
    const deliver = async (messageId: string, type: string, data: object) => {
      const body = JSON.stringify({ type, data, instance_id: clerk.instanceId });
      return (await receive({ messageId, signedAt: at, receivedAt: at, body })).outcome;
    };
    const { id: _, ...state } = makeApiUser(7);
    const user = { ...state, id: 'user_hooked' };
    expect([
      await deliver('msg_1', 'user.created', user),
      await deliver('msg_2', 'user.updated', {
        ...user,
        first_name: 'Newer',
        updated_at: Date.now(),
        phone_numbers: [],
      }),
      await deliver('msg_2', 'user.updated', user),
      await deliver('msg_3', 'user.created', { ...user, id: 'user_gone' }),
      await deliver('msg_4', 'user.deleted', { id: 'user_gone', deleted: true }),
      await deliver('msg_5', 'user.created', { ...user, id: 'user_bad', banned: 'maybe' }),
    ]).toEqual(['applied', 'applied', 'duplicate', 'applied', 'applied', 'dead_letter']);
    await pool.close();
    expect([
      ...(await sql`select id, first_name, deleted_at is not null as deleted,
      (select count(*)::int from ${name}.email_addresses e where e.user_id = u.id) as addresses,
      (select count(*)::int from ${name}.phone_numbers p where p.user_id = u.id) as phones
      from ${name}.users u order by id`),
    ]).toEqual([
      { id: 'user_gone', first_name: null, deleted: true, addresses: 0, phones: 0 },
      { id: 'user_hooked', first_name: 'Newer', deleted: false, addresses: 2, phones: 0 },
    ]);

    await sql`update ${name}.dead_letters set body = replace(body, '"maybe"', 'false')`;
    expect(await run('dead-letters', 'list', '--json')).toEqual([0, expect.objectContaining({ matching: 1 })]);
    expect(await run('dead-letters', 'replay', '--all', '--json')).toEqual([
      0,
      expect.objectContaining({ outcomes: { applied: 1 } }),
    ]);

    clerk.setUser(user);
    clerk.setUser({ ...user, id: 'user_bad' });
    expect(await run('backfill', '--json')).toEqual([0, expect.objectContaining({ state: 'finished' })]);
    await sql`update ${name}.users set observed_at = observed_at - interval '1 day'`;
    clerk.deleteUser(makeApiUser(1).id);
    const drift = { absent: expect.objectContaining({ found: 1, repaired: 1 }), newer_here: expect.anything() };
    expect(await run('reconcile', '--full', '--json')).toEqual([3, expect.objectContaining({ drift })]);
    expect(await sql`select count(*)::int as living from ${name}.users where deleted_at is null`).toEqual([
      { living: 4 },
    ]);

    const { find } = await runDoctorCommand(env);
    const checks = [
      'rights',
      'migrations',
      'columns',
      'indexes',
      'constraints',
      'triggers',
      'view',
      'comments',
      'dead letters',
      'properties',
      'sizes',
      'vacuum',
      'backfill',
    ] as const;
    expect(checks.map((check) => `${check}: ${find(check).status}`)).toEqual(checks.map((check) => `${check}: ok`));
    expect(await sql`select count(*)::int as tables from pg_class where relnamespace = 'clerk'::regnamespace`).toEqual([
      { tables: 2 },
    ]);
    expect(
      await sql`select count(*)::int as objects from pg_class where relnamespace = 'public'::regnamespace`,
    ).toEqual([{ objects: 0 }]);
  },
);

test('doctor names the configured schema in what it advises', async () => {
  const { sql, env, run } = await useOtherSchema('my schema');
  await run('migrate');
  await sql.unsafe(`drop index "my schema".users_external_id_idx; alter table "my schema".passkeys set unlogged`);
  const { find } = await runDoctorCommand(env);
  expect(find('indexes').advice).toMatch(/^CREATE INDEX CONCURRENTLY users_external_id_idx ON "my schema"\.users /);
  expect(find('columns').advice).toBe('alter table "my schema".passkeys set logged;');
});

test('print-sql makes the same in psql', async () => {
  const { sql, run } = await useOtherSchema('my schema');
  const [exitCode, text] = await run('migrate', '--print-sql');
  expect(exitCode).toBe(0);
  const psql = await sql.reserve();
  await psql.unsafe(String(text));
  psql.release();
  expect(await run('migrate')).toEqual([0, 'Nothing to do: the database is up to date.\n', '']);
});

test('migrate says what helps where foreign tables stand in the schema, and doctor sees them', async () => {
  const { env, run, sql } = await useOtherSchema('clerk');
  const [exitCode, , stderr] = await run('migrate');
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('set DATABASE_SCHEMA to another schema')]);
  await sql`drop table clerk.email_addresses`;
  await sql`alter foreign table clerk.users rename to theirs`;
  await run('migrate');
  await sql`alter table clerk.users rename to ours`;
  await sql`alter foreign table clerk.theirs rename to users`;
  const { find } = await runDoctorCommand(env);
  expect(find('columns').finding).toContain('users is a foreign table and should be a table');
});

test("doctor asks for no right on tables that are not clerk-sync's", async () => {
  const { url, sql } = await useTestDatabase();
  const role = `reader_${Date.now()}`;
  await sql.unsafe(`create role ${role} login password 'some'; grant usage on schema clerk to ${role};
    grant select, insert, update, delete on all tables in schema clerk to ${role};
    create table clerk.mine (x int); revoke all on clerk.mine from ${role}`);
  onTestFinished(async () => void (await sql.unsafe(`drop owned by ${role}; drop role ${role}`)));
  const address = Object.assign(new URL(url), { username: role, password: 'some' });
  const { find } = await runDoctorCommand({ DATABASE_URL: address.href, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() });
  expect(find('rights').status).toBe('ok');
});
