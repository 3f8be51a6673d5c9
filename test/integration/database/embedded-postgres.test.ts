import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startEmbeddedPostgres } from '../../../src/embedded-postgres/start-embedded-postgres.ts';
import { makeDataDir, query, readPid, silent, start } from '../../support/embedded-data-dir.ts';

describe('the embedded Postgres', () => {
  test('starts in an empty directory, durable, in UTF-8, for one password and this machine only', async () => {
    const embedded = await start(await makeDataDir());
    const settings = await query(
      embedded.url,
      `select string_agg(name || '=' || setting, ' ' order by name) as value from pg_settings where name in ('fsync',
       'synchronous_commit', 'full_page_writes', 'listen_addresses', 'unix_socket_directories', 'server_encoding', 'data_checksums')`,
    );
    const [locale] = await query(
      embedded.url,
      `select format('%s %s', datlocprovider, to_jsonb(d) ->> 'datlocale') as value from pg_database d where datname = current_database()`,
    );
    const intruder = new URL(embedded.url);
    intruder.password = 'guessed';

    expect(settings).toEqual([
      {
        value:
          'data_checksums=on fsync=on full_page_writes=on listen_addresses=127.0.0.1 server_encoding=UTF8 synchronous_commit=on unix_socket_directories=',
      },
    ]);
    expect(locale).toEqual({ value: 'b C.UTF-8' });
    await expect(query(intruder.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    await embedded.stop();
  });

  test('keeps its data, its port and its password when it is stopped and started again', async () => {
    const dataDir = await makeDataDir();
    const first = await start(dataDir);
    await query(first.url, 'create table kept as select 42 as value');
    await first.stop();
    expect(await readPid(dataDir)).toBeUndefined();

    const second = await start(dataDir);

    expect([second.url, second.address]).toEqual([first.url, first.address]);
    expect(await query(second.url, 'select value from kept')).toEqual([{ value: 42 }]);
    await second.stop();
  });

  test('offers an address that works as it is pasted, in a client and in a shell; its password is kept for this user only', async () => {
    const dataDir = await makeDataDir('a $HOME "quoted" & 100% dir!');
    const embedded = await start(dataDir);
    const { password } = new URL(embedded.address);
    const file = join(dataDir, 'postgres/clerk-sync.pgpass');

    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toContain(`:clerk_sync:${password}\n`);
    const { stdout } = await promisify(execFile)('bash', ['-ic', `set -H; printf %s ${embedded.address}`]);
    expect(await query(stdout, 'select current_database() as value')).toEqual([{ value: 'clerk_sync' }]);
    await embedded.stop();
  });

  test('takes another port when something else listens on the one it had', async () => {
    const dataDir = await makeDataDir();
    const first = await start(dataDir);
    await first.stop();
    const squatter = createServer().listen({ host: '127.0.0.1', port: Number(new URL(first.url).port) });
    onTestFinished(() => void squatter.close());

    const second = await start(dataDir);

    expect(second.url).not.toBe(first.url);
    expect(await query(second.url, 'select 1 as value')).toEqual([{ value: 1 }]);
    await second.stop();
  });

  test('runs in a directory that nobody else may enter', async () => {
    const dataDir = await makeDataDir('data');
    await chmod(dirname(dataDir), 0o700);

    const embedded = await start(dataDir);

    expect(await query(embedded.url, 'select 1 as value')).toEqual([{ value: 1 }]);
    await embedded.stop();
  });

  test('refuses a directory that is not its own, and leaves it as it is', async () => {
    const dataDir = await makeDataDir();
    await mkdir(join(dataDir, 'postgres'));
    await writeFile(join(dataDir, 'postgres/diary.txt'), 'Dear diary');

    await expect(start(dataDir)).rejects.toMatchObject({
      name: 'OperatorError',
      code: 'embedded_postgres_unusable',
      message: `The built-in Postgres can't be used: ${join(dataDir, 'postgres/clerk-sync.pgpass')} was not made by clerk-sync.`,
    });

    expect(await readdir(join(dataDir, 'postgres'))).toEqual(['diary.txt']);
  });

  test('says why it did not start, with the words of Postgres', async () => {
    const dataDir = await makeDataDir();
    const settings = { shared_buffers: 'plenty' };
    await expect(startEmbeddedPostgres({ dataDir, log: silent, settings })).rejects.toMatchObject({
      code: 'embedded_postgres_failed',
      message: expect.stringMatching(
        /did not start: .*FATAL: {2}invalid value for parameter "shared_buffers": "plenty"/,
      ),
      hint: expect.stringContaining(join(dataDir, 'postgres.log')),
    });
  });

  test('says so when its files were made by another major version', async () => {
    const dataDir = await makeDataDir();
    const embedded = await start(dataDir);
    await embedded.stop();
    await writeFile(join(dataDir, 'postgres/PG_VERSION'), '13\n');

    await expect(start(dataDir)).rejects.toMatchObject({
      code: 'embedded_postgres_failed',
      message: expect.stringContaining('database files are incompatible with server'),
      hint: expect.stringContaining('made by another major version of Postgres'),
    });
  });

  test('writes neither statements nor values into its log', async () => {
    const dataDir = await makeDataDir();
    const embedded = await start(dataDir);
    await query(
      embedded.url,
      `create table people (id text primary key); insert into people values ('secret@example.com')`,
    );
    for (const statement of [`insert into people values ('secret@example.com')`, `select 'secret@example.com'::int`]) {
      await expect(query(embedded.url, statement)).rejects.toThrow();
    }
    await embedded.stop();

    const log = await readFile(join(dataDir, 'postgres.log'), 'utf8');
    expect(log).toContain('ready to accept connections');
    expect(log).not.toContain('secret@example.com');
  });
});
