import { expect, onTestFinished, test } from 'vitest';
import { findSqlState } from '../../../src/db/errors/database-errors.ts';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { createReader } from '../../../src/doctor/reader.ts';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { dumpTables } from '../../support/database-dump.ts';
import { useDoctorScene } from '../../support/doctor-scene.ts';

test('finds nothing wrong where all is well', async () => {
  const { env, diagnose } = await useDoctorScene();
  const { exitCode, diagnosis, troubled } = await diagnose();
  expect({ exitCode, troubled, status: diagnosis.status }).toEqual({ exitCode: 0, troubled: [], status: 'ok' });
  const { stdout, stderr } = await callCli(['doctor'], { env });
  expect(stderr).toBe('');
  expect(stdout.split('\n').at(-2)).toBe('29 ok, 0 warnings, 0 failed, 0 skipped.');
  expect(stdout).toContain('  ✓ ok       version           Postgres ');
  expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
});

test('tells all that it finds in one JSON document', async () => {
  const { diagnose } = await useDoctorScene();
  const { diagnosis } = await diagnose();
  expect(diagnosis.groups.map(({ title, checks }) => ({ [title]: checks.map(({ name }) => name) }))).toEqual([
    { configuration: ['variables', 'signing secret'] },
    {
      database: [
        'connection',
        'version',
        'encoding',
        'writes',
        'durability',
        'connections',
        'database clock',
        'rights',
      ],
    },
    { schema: ['migrations', 'columns', 'indexes', 'constraints', 'triggers', 'view', 'comments'] },
    { deliveries: ['last delivery', 'dead letters'] },
    { clerk: ['secret key', 'instance', 'Clerk clock', 'backfill', 'reconcile'] },
    { data: ['instances', 'users', 'properties', 'sizes', 'vacuum'] },
  ]);
  expect({ ...diagnosis, groups: [] }).toEqual({
    status: 'ok',
    counts: { ok: 29, warning: 0, failed: 0, skipped: 0 },
    groups: [],
  });
});

test('ends with 3 where there are warnings only, and with 1 where something failed', async () => {
  const { sql, diagnose } = await useDoctorScene();
  await sql`comment on table clerk.users is null`;
  const warned = await diagnose();
  await sql`alter table clerk.users drop column gender cascade`;
  const failed = await diagnose();
  expect([warned, failed].map(({ exitCode, troubled }) => ({ exitCode, troubled }))).toEqual([
    { exitCode: 3, troubled: ['comments: warning'] },
    { exitCode: 1, troubled: ['columns: failed', 'view: failed', 'comments: warning'] },
  ]);
});

test('writes nothing', async () => {
  const { sql, diagnose } = await useDoctorScene();
  const before = await dumpTables(sql);
  const { exitCode } = await diagnose();
  expect({ exitCode, tables: await dumpTables(sql) }).toEqual({ exitCode: 0, tables: before });
});

test('asks in transactions that could not write', async () => {
  const { url } = await useTestDatabase();
  const pool = createPool({ target: parseDatabaseUrl(url), size: 1 });
  onTestFinished(() => pool.close());
  const write = createReader(pool, 5000).read((session) => session.run('delete from clerk.users'));
  expect(findSqlState(await write.catch((error: unknown) => error))).toBe('25006');
});

test('shows no secret and nothing that a person typed', async () => {
  const { env, sql, diagnose } = await useDoctorScene();
  await sql`
    insert into clerk.dead_letters (message_id, user_id, body, reason, error, details, first_failed_at, last_failed_at)
    values ('msg_2', 'user_1', '{"email": "lovelace@body.example"}', 'invalid_shape', 'lovelace@error.example',
      '{"lovelace": 1}', now(), now())`;
  await sql`update clerk.users set extra = '{"shoe_size": "lovelace", "lovelace@key.example": 1}', instance_id = null`;
  const { stdout } = await callCli(['doctor'], { env });
  const told = `${stdout}${JSON.stringify((await diagnose()).diagnosis)}`.replace(/\s+/g, '');
  const password = new URL(env.DATABASE_URL ?? '').password;
  const secrets = [password, env.CLERK_SECRET_KEY, env.CLERK_WEBHOOK_SIGNING_SECRET, 'lovelace', 'Ada', '@', '+1555'];
  expect(secrets.filter((secret) => secret === undefined || secret === '' || told.includes(secret))).toEqual([]);
  expect(told).toContain('shoe_size');
});
