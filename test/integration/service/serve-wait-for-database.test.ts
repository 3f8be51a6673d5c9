import { connect, createServer, type Server } from 'node:net';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { nameDatabase } from '../../../src/db/target/database-target.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { findUnsafeCommits } from '../../../src/service/find-unsafe-commits.ts';
import { type WaitForDatabaseOptions, waitForDatabase } from '../../../src/service/wait-for-database.ts';
import { useTestDatabase } from '../../support/database.ts';
import { useProxy } from '../../support/proxy.ts';

function captureLogs() {
  const logs: Record<string, unknown>[] = [];
  const logger = pino({ base: null, timestamp: false }, { write: (line: string) => void logs.push(JSON.parse(line)) });
  return { logs, logger };
}

/** A port on which nothing listens until `start` is called: then connections are passed on to `target`. */
async function reservePort() {
  const listenOn = (port: number, server: Server) =>
    new Promise<Server>((resolve) => server.listen({ host: '127.0.0.1', port }, () => resolve(server)));
  const probe = await listenOn(0, createServer());
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const start = async (target: URL) => {
    const relay = createServer((socket) => {
      const upstream = connect({ host: target.hostname, port: Number(target.port) });
      socket.pipe(upstream).pipe(socket);
      socket.on('error', () => upstream.destroy());
      upstream.on('error', () => socket.destroy());
    });
    await listenOn(port, relay);
    onTestFinished(() => void relay.close());
  };
  return { port, start };
}

/** Waits as `serve` does: with the pool that it then works with. */
async function wait(options: Omit<WaitForDatabaseOptions, 'pool'>): Promise<void> {
  const pool = createPool({ target: options.target, size: 1 });
  onTestFinished(() => pool.close());
  await waitForDatabase({ ...options, pool });
}

function changeUrl(url: string, changes: Partial<Pick<URL, 'host' | 'port' | 'password' | 'pathname'>>): string {
  return Object.assign(new URL(url), changes).href;
}

describe('waiting for the database', () => {
  test('ends at once if it answers', async () => {
    const { url } = await useTestDatabase();
    const { logs, logger } = captureLogs();
    await wait({ target: parseDatabaseUrl(url), logger });
    expect(logs).toEqual([]);
  });

  test('continues while nothing listens, says so at first and then rarely, and ends when the database answers', async () => {
    const { url } = await useTestDatabase();
    const { port, start } = await reservePort();
    const { logs, logger } = captureLogs();
    const target = parseDatabaseUrl(changeUrl(url, { port: String(port) }));
    const attempts = vi.spyOn(performance, 'now');
    onTestFinished(() => attempts.mockRestore());
    const waiting = wait({ target, logger, intervalMs: 20, toldAfterMs: [0, 100] });
    await expect.poll(() => logs.length).toBe(2);
    const soFar = attempts.mock.calls.length;
    // Many more attempts, and no line.
    await expect.poll(() => attempts.mock.calls.length).toBeGreaterThan(soFar + 20);
    await start(new URL(url));
    await waiting;
    const database = `127.0.0.1:${port}${new URL(url).pathname}`;
    const line = { level: 40, database, code: 'ECONNREFUSED', msg: 'waiting for the database' };
    expect(logs).toEqual([line, line]);
  });

  test('continues while a pooler is full, and ends at once if the pooler will never accept the connection', async () => {
    const { url } = await useTestDatabase();
    const full = await useProxy(url, (connection) => (connection < 2 ? 'full pooler' : 'pass'));
    const { logs, logger } = captureLogs();
    await wait({ target: parseDatabaseUrl(full.url), logger, intervalMs: 20, toldAfterMs: [0, 0] });
    expect(logs.map(({ code }) => code)).toEqual(['08P01', '08P01']);
    const strict = await useProxy(url, () => 'strict pooler');
    const waiting = wait({ target: parseDatabaseUrl(strict.url), logger, intervalMs: 20 });
    await expect(waiting).rejects.toMatchObject({ code: 'database_refused' });
  });

  test('ends at once if DATABASE_URL asks for TLS and the server does not offer it', async () => {
    const { url } = await useTestDatabase();
    const target = parseDatabaseUrl(`${url}?sslmode=require`);
    await expect(wait({ target, logger: captureLogs().logger })).rejects.toMatchObject({
      code: 'database_refused',
      message: `No connection to the database ${nameDatabase(target)} (ERR_TLS_NOT_OFFERED).`,
      hint: 'DATABASE_URL asks for TLS, and the server does not offer it. Turn TLS on in the server. If the network is safe, use sslmode=disable.',
    });
  });

  test('ends with a sentence without the password if nothing answers in time', async () => {
    const { port } = await reservePort();
    const target = parseDatabaseUrl(`postgres://jane:s3cret@127.0.0.1:${port}/app`);
    const waiting = wait({ target, logger: captureLogs().logger, timeoutMs: 50, intervalMs: 20 });
    await expect(waiting).rejects.toMatchObject({
      code: 'database_unreachable',
      message: `The database 127.0.0.1:${port}/app could not be reached within 0.05 s (ECONNREFUSED).`,
      exitCode: 1,
    });
  });

  test.each([
    ['a wrong password', { password: 'wrong' }, '28P01', 'The user or the password in DATABASE_URL is wrong.'],
    [
      'no such database',
      { pathname: '/nowhere' },
      '3D000',
      'Create the database that DATABASE_URL names, or change the name.',
    ],
  ])('ends at once with %s', async (_, changes, code, hint) => {
    const { url } = await useTestDatabase();
    const databaseUrl = changeUrl(url, changes);
    const { logs, logger } = captureLogs();
    const { host, pathname } = new URL(databaseUrl);
    await expect(wait({ target: parseDatabaseUrl(databaseUrl), logger })).rejects.toMatchObject({
      code: 'database_refused',
      message: `No connection to the database ${host}${pathname} (${code}).`,
      hint,
    });
    expect(logs).toEqual([]);
  });
});

describe('a server whose commits are not synchronous', () => {
  test('is found, and each transaction corrects it for itself', async () => {
    const { url, sql } = await useTestDatabase();
    await sql.unsafe(`alter database ${new URL(url).pathname.slice(1)} set synchronous_commit = off`);
    const { logs, logger } = captureLogs();
    const asking = createPool({ target: parseDatabaseUrl(url), size: 1 });
    onTestFinished(() => asking.close());
    const forceSynchronousCommit = await findUnsafeCommits(asking, logger);
    const pool = createPool({ target: parseDatabaseUrl(url), size: 1, forceSynchronousCommit });
    onTestFinished(() => pool.close());
    const settings = await pool.withTransaction((session) => session.run('show synchronous_commit'));
    expect({ forceSynchronousCommit, logs, settings }).toEqual({
      forceSynchronousCommit: true,
      logs: [],
      settings: [{ synchronous_commit: 'on' }],
    });
  });

  test('is not reported with the default settings, which stay as they are', async () => {
    const { url, sql } = await useTestDatabase();
    await sql.unsafe(`alter database ${new URL(url).pathname.slice(1)} set synchronous_commit = remote_apply`);
    const { logs, logger } = captureLogs();
    const pool = createPool({ target: parseDatabaseUrl(url), size: 1 });
    onTestFinished(() => pool.close());
    const forceSynchronousCommit = await findUnsafeCommits(pool, logger);
    expect({ forceSynchronousCommit, logs }).toEqual({ forceSynchronousCommit: false, logs: [] });
  });
});
