import { expect, onTestFinished, test } from 'vitest';
import type { Parameter } from '../../../src/db/connection/connection.ts';
import { findSqlState } from '../../../src/db/errors/database-errors.ts';
import { createPool, type Pool, type Session } from '../../../src/db/pool.ts';
import type { Statement } from '../../../src/db/sql/define-statement.ts';
import type { Query } from '../../../src/db/sql/make-query.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { createReader, type Load } from '../../../src/doctor/reader.ts';
import { runDoctor } from '../../../src/doctor/run-doctor.ts';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { dumpTables } from '../../support/database-dump.ts';
import { useDoctorScene } from '../../support/doctor-scene.ts';
import { openFakeApi } from '../../support/fake-clerk/open-fake-api.ts';

test('finds nothing wrong if all is well', async () => {
  const { env, diagnose } = await useDoctorScene();
  const { exitCode, diagnosis, troubled } = await diagnose();
  expect({ exitCode, troubled, status: diagnosis.status }).toEqual({ exitCode: 0, troubled: [], status: 'ok' });
  const { stdout, stderr } = await callCli(['doctor'], { env });
  expect(stderr).toBe('');
  expect(stdout.split('\n').at(-2)).toBe('32 ok, 0 warnings, 0 failed, 0 skipped.');
  expect(stdout).toContain('  ✓ ok       version           Postgres ');
  expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
});

test('prints every check in one JSON document', async () => {
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
    { deliveries: ['last delivery', 'dead letters', 'processes'] },
    { clerk: ['secret key', 'instance', 'Clerk clock', 'backfill', 'reconcile', 'user updates'] },
    { data: ['instances', 'users', 'properties', 'sizes', 'vacuum', 'retention'] },
  ]);
  expect({ ...diagnosis, groups: [] }).toEqual({
    status: 'ok',
    counts: { ok: 32, warning: 0, failed: 0, skipped: 0 },
    groups: [],
  });
});

test('exits with 3 if there are only warnings, and with 1 if something failed', async () => {
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

test('reads in transactions that can not write', async () => {
  const { url } = await useTestDatabase();
  const pool = createPool({ target: parseDatabaseUrl(url), size: 1 });
  onTestFinished(() => pool.close());
  const write = createReader(pool, 5000).read((session) => session.run('delete from clerk.users'));
  expect(findSqlState(await write.catch((error: unknown) => error))).toBe('25006');
});

test('makes a shared read once, and a failed read hides no other', async () => {
  const { url } = await useTestDatabase();
  const pool = createPool({ target: parseDatabaseUrl(url), size: 1 });
  onTestFinished(() => pool.close());
  const reader = createReader(pool, 5000);
  let reads = 0;
  const divide: Load<unknown> = ({ read }) => {
    reads += 1;
    return read((session) => session.run('select 1 / 0'));
  };
  const failures = await Promise.allSettled([reader.share(divide), reader.share(divide)]);
  expect(failures.map((failure) => failure.status === 'rejected' && findSqlState(failure.reason))).toEqual([
    '22012',
    '22012',
  ]);
  expect(reads).toBe(1);
  expect(await reader.share((other) => other.read((session) => session.run('select 1 as one')))).toEqual([{ one: 1 }]);
});

test('runs no statement twice', async () => {
  const { url, clerk } = await useDoctorScene();
  const pool = createPool({ target: parseDatabaseUrl(url), size: 1 });
  onTestFinished(() => pool.close());
  const statements: string[] = [];
  /** Every transaction of the doctor begins with two settings. */
  const isSetting = (text: string) => text.startsWith('set ');
  const { status } = await runDoctor({
    settings: { problems: [], secrets: 1, keptSecret: undefined },
    database: { state: 'configured', pool: recordStatements(pool, statements), name: 'db/app', poolSize: 10 },
    clerk: { state: 'configured', api: openFakeApi(clerk), keyKind: 'live' },
    reconcileIntervalMs: 900_000,
    retentionDays: 120,
    command: (line) => line,
  });
  const asked = statements.filter((text) => !isSetting(text));
  expect(status).toBe('ok');
  expect(asked.length).toBeGreaterThan(20);
  expect(asked.filter((text, place) => asked.indexOf(text) !== place)).toEqual([]);
});

/** The same pool, which writes down each statement with its parameters. */
function recordStatements(pool: Pool, statements: string[]): Pool {
  const record = (session: Session): Session => ({
    run: (statement: string | Statement | Query, parameters?: Parameter[]) => {
      const text = typeof statement === 'string' ? statement : statement.text;
      statements.push(`${text} ${JSON.stringify(parameters ?? [])}`);
      return session.run(statement as string, parameters);
    },
    post: (statement, parameters) => session.post(statement, parameters),
  });
  return {
    ...pool,
    withTransaction: (work, options) => pool.withTransaction((session) => work(record(session)), options),
  };
}

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
