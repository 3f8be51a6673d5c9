import { getTableName, is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import postgres from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import * as schema from '../../../drizzle/schema/index.ts';
import { listReadonlyGrants } from '../../../src/roles/readonly-grants.ts';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { grantRole, useRole } from '../../support/database-role.ts';
import { insertSampleRows } from '../../support/sample-rows.ts';

async function useReader() {
  const role = useRole();
  const { sql, url } = await useTestDatabase();
  await insertSampleRows(sql);
  const asReader = postgres(await grantRole(sql, url, `create role ${role}`, role), {
    max: 1,
    onnotice: () => undefined,
  });
  onTestFinished(() => asReader.end());
  const migrate = (...args: string[]) => callCli(['migrate', ...args], { env: { DATABASE_URL: url } });
  return { role, sql, url, asReader, migrate };
}

const REFUSED = { code: '42501' };
const PRIVATE = ['select private_metadata from clerk.users', 'select private_metadata from clerk.active_users'];

test('a decision was made about each table', () => {
  const tables = Object.values(schema).filter((value) => is(value, PgTable));
  expect(
    listReadonlyGrants(false)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...tables.map((table) => getTableName(table)), 'active_users'].sort());
});

test('the role reads users, children and how things stand, and not what an event, a request or an operator says', async () => {
  const { role, sql, asReader, migrate } = await useReader();
  expect(await migrate('--grant-readonly', role)).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `Nothing to do: the database is up to date.
The role ${role} may read. It may not read private_metadata, so it must name the columns of users and active_users.
Run this again after each upgrade: new tables and columns are not granted by themselves.
`,
  });
  expect([...(await asReader`select id, first_name, primary_email_address from clerk.active_users`)]).toEqual([
    { id: 'user_1', first_name: 'Ada', primary_email_address: 'Ada@example.com' },
  ]);
  for (const read of [
    'select id, deleted_at from clerk.users',
    'select * from clerk.email_addresses',
    'select * from clerk.webhook_messages',
    'select message_id, reason, path, state, first_failed_at from clerk.dead_letters',
    'select id, user_id, action, state, error_property from clerk.user_updates',
    'select * from clerk.reconcile_runs',
  ]) {
    await expect(asReader.unsafe(read), read).resolves.toBeDefined();
  }
  for (const refused of [
    ...PRIVATE,
    'select * from clerk.users',
    'select u from clerk.active_users u',
    'select count(*) from clerk.users where private_metadata is not null',
    'select body from clerk.dead_letters',
    'select original_body from clerk.dead_letters',
    'select error, details from clerk.dead_letters',
    'select request from clerk.user_updates',
    'select calls from clerk.user_updates',
    'select filter from clerk.replay_runs',
    'select from clerk.admin_sessions',
    'select from clerk.admin_actions',
    `update clerk.users set first_name = 'x'`,
    'delete from clerk.dead_letters',
  ]) {
    await expect(asReader.unsafe(refused), refused).rejects.toMatchObject(REFUSED);
  }
  const [row] = await sql`
    select array_agg(c.relname || '.' || a.attname order by c.relname, a.attnum) as withheld
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relnamespace = 'clerk'::regnamespace and c.relkind in ('r', 'v')
      and c.relname not in ('admin_actions', 'admin_sessions', 'user_update_limits', 'migrations')
      and not has_column_privilege(${role}, c.oid, a.attnum, 'select')`;
  expect(row?.withheld).toEqual([
    'active_users.private_metadata',
    ...['body', 'reason', 'error', 'details', 'resolution', 'original_body']
      .filter((name) => name !== 'reason')
      .map((name) => `dead_letters.${name}`),
    'drift_acknowledgements.note',
    ...['filter', 'note'].map((name) => `replay_runs.${name}`),
    ...['request', 'calls', 'error'].map((name) => `user_updates.${name}`),
    'users.private_metadata',
  ]);
});

test('private metadata is given only if that is asked for, and taken back by the next run; other rights stay', async () => {
  const { role, sql, asReader, migrate } = await useReader();
  await sql.unsafe(
    `grant usage on schema clerk to ${role}; grant insert (user_id, action) on clerk.user_updates to ${role}`,
  );
  const given = await migrate('--grant-readonly', role, '--with-private-metadata', '--json');
  expect(JSON.parse(given.stdout)).toEqual({ applied: [], granted: { role, reads_nevertheless: [] } });
  for (const read of [...PRIVATE, 'select * from clerk.active_users']) await asReader.unsafe(read);
  await migrate('--grant-readonly', role);
  for (const refused of PRIVATE) await expect(asReader.unsafe(refused)).rejects.toMatchObject(REFUSED);
  expect(
    await asReader`insert into clerk.user_updates (user_id, action) values ('user_1', 'ban') returning id`,
  ).toHaveLength(1);
});

test('a role that reads more because of another right is named', async () => {
  const { role, sql, migrate } = await useReader();
  await sql.unsafe(`grant pg_read_all_data to ${role}`);
  const { exitCode, stdout } = await migrate('--grant-readonly', role, '--json');
  expect({ exitCode, leaks: JSON.parse(stdout).granted.reads_nevertheless.length > 10 }).toEqual({
    exitCode: 3,
    leaks: true,
  });
});

test('without the role nothing is migrated, and the statement that makes it is told', async () => {
  const { url } = await useTestDatabase({ from: 'nothing' });
  const env = { DATABASE_URL: url };
  expect(await callCli(['migrate', '--grant-readonly', 'No-body'], { env })).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `clerk-sync: There is no role No-body. Nothing was changed.
Make it first: create role "No-body" login password '…';
`,
  });
  expect((await callCli(['migrate', '--with-private-metadata'], { env })).exitCode).toBe(2);
});

test('works in a schema of another name, and its statements can be printed and run by hand', async () => {
  const role = useRole();
  const { sql, url } = await useTestDatabase({ from: 'nothing' });
  await sql.unsafe(`create role ${role}`);
  const env = { DATABASE_URL: url, DATABASE_SCHEMA: 'My "users"' };
  expect((await callCli(['migrate', '--grant-readonly', role], { env })).exitCode).toBe(0);
  const readable = async () => {
    const [row] = await sql`
      select has_column_privilege(${role}, '"My ""users"""."active_users"', 'id', 'select') as id,
        has_column_privilege(${role}, '"My ""users"""."active_users"', 'private_metadata', 'select') as private`;
    return row;
  };
  expect(await readable()).toEqual({ id: true, private: false });
  await sql.unsafe(`revoke all on all tables in schema "My ""users""" from ${role}`);
  const { stdout } = await callCli(['migrate', '--grant-readonly', role, '--print-sql'], { env });
  // The client wants to begin by itself.
  await sql.unsafe(stdout.replaceAll(/^(begin|commit);$/gm, ''));
  expect(await readable()).toEqual({ id: true, private: false });
});

test('only the owner can grant', async () => {
  const { role, sql, url } = await useReader();
  const asReader = new URL(url);
  [asReader.username, asReader.password] = [role, 'pw'];
  await sql.unsafe(
    `alter role ${role} password 'pw'; grant usage on schema clerk to ${role}; grant select on clerk.migrations to ${role}`,
  );
  const { exitCode, stderr } = await callCli(['migrate', '--grant-readonly', role], {
    env: { DATABASE_URL: asReader.href },
  });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: `clerk-sync: Only the owner of the tables can give others the right to read them.
Run this with the DATABASE_URL of the role that migrates.
`,
  });
});
