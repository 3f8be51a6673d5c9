import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { migrate } from '../../../src/db/migrations/migrate.ts';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { useTestDatabase } from '../../support/database.ts';
import { usePostgresServer } from '../../support/postgres-server.ts';
import { CERTIFICATE, useTlsDoor } from '../../support/tls-door.ts';

/** What a session of this string's pool says, or the code of what kept it from coming up. */
async function ask(text: string, statement: string): Promise<unknown> {
  const pool = createPool({ target: parseDatabaseUrl(text), size: 1 });
  try {
    const [row] = await pool.withTransaction((session) => session.run<{ value: unknown }>(statement));
    return row?.value;
  } catch (error) {
    return ((error as Error).cause as { code?: string } | undefined)?.code ?? (error as { code?: string }).code;
  } finally {
    await pool.close();
  }
}

async function runOn(url: string, ...statements: string[]): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  for (const statement of statements) await sql.unsafe(statement);
  await sql.end();
}

test('a socket, an IPv6 address, hosts, encoded names and passwords all lead where they say', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'clerk sync-'));
  await chmod(folder, 0o777);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const settings = { listen_addresses: '127.0.0.1,::1', unix_socket_directories: folder };
  const { url } = await usePostgresServer({ settings });
  const { port } = new URL(url);
  const password = 'p@:/?#% +ü&=\u{1F511}';
  await runOn(url, 'create database "my db/ü@x"', `create role "j@ne:/?# ü" superuser login password '${password}'`);
  const [user, secret, database] = ['j@ne:/?# ü', password, 'my db/ü@x'].map(encodeURIComponent);
  const encoded = encodeURIComponent(folder);
  const where = `select concat_ws(' ', current_database(), current_user, case when inet_server_addr() is null then
    'socket' else host(inet_server_addr()) end, current_setting('application_name')) as value`;
  const texts = [
    `postgres://${user}:${secret}@127.0.0.1:${port}/${database}`,
    `postgres://${user}:${secret}@localhost:${port}/${database}?target_session_attrs=any`,
    `postgres://${user}:${secret}@[::1]:${port}/${database}`,
    `postgres://${user}:${secret}@${encoded}:${port}/${database}`,
    `postgres://${user}:${secret}@/${database}?host=${encoded}&port=${port}`,
    `postgres:///${database}?host=${encoded}&port=${port}&user=${user}&password=${secret}&sslmode=require`,
    `postgres://${user}:${secret}@127.0.0.1:1,[::1]:${port}/${database}`,
    `postgres://${user}:${secret}@127.0.0.1:${port}/${database}?application_name=a+b&connect_timeout=15&gssencmode=disable`,
    `postgres://${user}:${secret}@127.0.0.1:${port}/${database}?schema=public&pgbouncer=true&connection_limit=5`,
    `postgres://${user}:${secret}@127.0.0.1:${port}/${database}?options=-c%20application_name%3Dx`,
  ];
  const rest = [
    'clerk-sync',
    'clerk-sync',
    'clerk-sync',
    'clerk-sync',
    'clerk-sync',
    'clerk-sync',
    'clerk-sync',
    'a+b',
    'clerk-sync',
    'clerk-sync',
  ];
  const via = [
    '127.0.0.1',
    expect.anything(),
    '::1',
    'socket',
    'socket',
    'socket',
    '::1',
    '127.0.0.1',
    '127.0.0.1',
    '127.0.0.1',
  ];
  const answers = await Promise.all(texts.map((text) => ask(text, where)));
  expect(answers).toEqual(
    via.map((place, index) =>
      index === 1
        ? expect.stringMatching(/^my db\/ü@x j@ne:\/\?# ü (?:127\.0\.0\.1|::1) clerk-sync$/)
        : `my db/ü@x j@ne:/?# ü ${place} ${rest[index]}`,
    ),
  );
  // Unencoded, as far as it can't be misread; and over the connection that migrations have of their own.
  await runOn(url, `alter role "j@ne:/?# ü" password 'p#w@ü+x'`);
  expect(await ask(`postgres://${user}:p#w@ü+x@127.0.0.1:${port}/${database}`, 'select 1 as value')).toBe(1);
  const applied = await migrate(parseDatabaseUrl(`postgres://${user}:p#w@ü+x@${encoded}:${port}/${database}`));
  expect(applied.applied.length).toBeGreaterThan(0);
});

describe('TLS', () => {
  test.each([
    ['', 1, 1],
    ['sslmode=disable', 1, 0],
    ['sslmode=prefer', 1, 1],
    ['sslmode=require', 1, 1],
    ['sslmode=no-verify', 1, 1],
    ['ssl=true', 1, 1],
    ['sslmode=verify-full', 'DEPTH_ZERO_SELF_SIGNED_CERT', 0],
    ['sslmode=require&channel_binding=require', 'DEPTH_ZERO_SELF_SIGNED_CERT', 0],
    [`sslmode=verify-full&sslrootcert=${CERTIFICATE}`, 1, 1],
    [`sslmode=require&sslrootcert=${CERTIFICATE}`, 1, 1],
    ['sslmode=prefer&ssl_min_protocol_version=TLSv1.3', 1, 1],
  ])('of a server that has it, with "%s"', async (query, answer, encrypted) => {
    const { url } = await useTestDatabase({ from: 'nothing' });
    const { port, username, password, pathname } = new URL(url);
    const door = await useTlsDoor(Number(port));
    const text = `postgres://${username}:${password}@localhost:${door.port}${pathname}?${query}`;
    expect([await ask(text, 'select 1 as value'), door.encrypted() > 0 ? 1 : 0]).toEqual([
      answer,
      expect.toSatisfy((seen) => answer !== 1 || seen === encrypted),
    ]);
  });

  test('by another name than the certificate’s is refused by verify-full alone', async () => {
    const { url } = await useTestDatabase({ from: 'nothing' });
    const { port, username, password, pathname } = new URL(url);
    const door = await useTlsDoor(Number(port));
    const open = (query: string) =>
      ask(
        `postgres://${username}:${password}@127.0.0.1:${door.port}${pathname}?sslrootcert=${CERTIFICATE}&${query}`,
        'select 1 as value',
      );
    expect([await open('sslmode=verify-ca'), await open('sslmode=verify-full')]).toEqual([
      1,
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ]);
  });

  test('of a server without it is plain text where that is allowed, and is refused at once elsewhere', async () => {
    const { url } = await useTestDatabase({ from: 'nothing' });
    const answers = ['prefer', 'allow', 'disable', 'require', 'verify-full', 'no-verify'].map((mode) =>
      ask(`${url}?sslmode=${mode}`, 'select 1 as value'),
    );
    const refused = 'ERR_TLS_NOT_OFFERED';
    expect(await Promise.all(answers)).toEqual([1, 1, 1, refused, refused, refused]);
  });
});

test('a host that accepts and says nothing is left after connect_timeout', async () => {
  const silent = createServer((socket) => void socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as { port: number };
  const began = performance.now();
  expect(await ask(`postgres://u@127.0.0.1:${port}/x?connect_timeout=1`, 'select 1')).toBe('ETIMEDOUT');
  expect(performance.now() - began).toBeLessThan(4500);
  await new Promise((resolve) => silent.close(resolve));
});

test('of several hosts the primary is used, a standby is refused, and connections follow a failover', async () => {
  const [first, second] = [await usePostgresServer(), await usePostgresServer()];
  const makeRole = `create role app superuser login password 'x'`;
  for (const { url } of [first, second]) await runOn(url, makeRole);
  const turnIntoStandby = async ({ directory, kill9, start }: typeof first) => {
    await kill9();
    await writeFile(join(directory, 'standby.signal'), '', { mode: 0o644 });
    await start();
  };
  await turnIntoStandby(first);
  const [a, b] = [first, second].map(({ url }) => new URL(url).port);
  const [both, standby] = [
    `postgres://app:x@127.0.0.1:${a},127.0.0.1:${b}/postgres`,
    `postgres://app:x@127.0.0.1:${a}/postgres`,
  ];
  const port = `select current_setting('port') as value`;
  expect([
    await ask(both, port),
    await ask(`${both}?target_session_attrs=any`, port),
    await ask(`${both}?target_session_attrs=read-write`, port),
    await ask(`${both}?target_session_attrs=primary`, port),
    await ask(standby, port),
    await ask(`${standby}?target_session_attrs=read-write`, port),
    await ask(`${standby}?target_session_attrs=primary`, port),
  ]).toEqual([b, b, b, b, a, 'EREADONLY', 'EREADONLY']);

  const pool = createPool({ target: parseDatabaseUrl(both), size: 3 });
  onTestFinished(() => pool.close());
  const write = () => pool.withTransaction((session) => session.run('create temporary table t (i int) on commit drop'));
  await Promise.all([write(), write(), write()]);
  await runOn(second.url, 'alter system set default_transaction_read_only = on', 'select pg_reload_conf()');
  await runOn(first.url, 'select pg_promote()');
  await expect
    .poll(() =>
      pool
        .withTransaction((session) =>
          session.run<{ on: string }>('select current_setting($1) as on', ['default_transaction_read_only']),
        )
        .then(([row]) => row?.on),
    )
    .toBe('on');
  await expect(write()).rejects.toThrow(/25006/);
  await Promise.all([write(), write(), write()]);
});
