import { setTimeout as delay } from 'node:timers/promises';
import { sql as text } from 'drizzle-orm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DatabaseUnavailableError } from '../../../src/db/errors/database-errors.ts';
import { createPool, type PoolOptions, type Session } from '../../../src/db/pool.ts';
import { makeQuery } from '../../../src/db/sql/make-query.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { useTestDatabase } from '../../support/database.ts';
import { type Treatment, useProxy } from '../../support/proxy.ts';

const INSERT = 'insert into halves values ($1, $2)';
/** As it ends on the wire: `read committed` is said at `begin`. */
const COMMIT = 'commit\0';

/** A pool whose connections, numbered from 0, break as told. */
async function useBreakingPool(treat: (connection: number) => Treatment, options: Partial<PoolOptions> = {}) {
  const { sql, url } = await useTestDatabase({ from: 'nothing' });
  await sql`create table halves (transaction int, half text)`;
  const proxy = await useProxy(url, treat);
  const pool = createPool({ target: parseDatabaseUrl(proxy.url), size: 1, ...options });
  onTestFinished(() => pool.close());
  const readRows = async () => [...(await sql`select * from halves order by 1, 2`)];
  return { sql, proxy, pool, readRows };
}

/** One transaction in the two shapes that work can have. */
const SHAPES: readonly { shape: string; work: (session: Session) => Promise<unknown> }[] = [
  {
    shape: 'one statement after the other',
    async work(session) {
      await session.run(INSERT, [1, 'first']);
      await session.run(INSERT, [1, 'second']);
      await session.run(`${INSERT} /* last */`, [1, 'third']);
    },
  },
  {
    shape: 'statements in a pipeline',
    work: (session) =>
      Promise.all([
        session.run(INSERT, [1, 'first']),
        session.run(INSERT, [1, 'second']),
        session.run(`${INSERT} /* last */`, [1, 'third']),
      ]),
  },
];

const WHOLE = ['first', 'second', 'third'].map((half) => ({ transaction: 1, half }));

describe.for(SHAPES)('with $shape', ({ work }) => {
  const refusals: { name: string; treatment: Treatment }[] = [
    { name: 'is still starting up', treatment: 'starting' },
    { name: 'closes the connection at once', treatment: 'close' },
    { name: "can't begin, as a pooler that has no server for it says", treatment: 'refuse begin' },
    { name: 'breaks the connection at begin', treatment: { cutBefore: 'begin isolation' } },
    { name: 'breaks the connection at the first statement', treatment: { cutBefore: 'insert into' } },
    { name: 'breaks the connection at the last statement', treatment: { cutBefore: '/* last */' } },
    { name: 'breaks the connection at commit', treatment: { cutBefore: COMMIT } },
  ];
  test.for(refusals)('nothing is written when the database $name', async ({ treatment }) => {
    const { pool, proxy, readRows } = await useBreakingPool((connection) => (connection === 0 ? treatment : 'pass'));
    await expect(pool.withTransaction(work)).rejects.toBeInstanceOf(DatabaseUnavailableError);
    // Longer than the driver waits before it connects again by itself.
    await delay(100);
    expect({ rows: await readRows(), connections: proxy.connections }).toEqual({ rows: [], connections: 1 });

    await pool.withTransaction(work);
    expect(await readRows()).toEqual(WHOLE);
  });

  test('a commit whose answer is lost is reported as a failure, though it was done', async () => {
    const { pool, readRows } = await useBreakingPool((connection) =>
      connection === 0 ? { muteAfter: COMMIT } : 'pass',
    );
    await expect(pool.withTransaction(work, { timeoutMs: 500 })).rejects.toBeInstanceOf(DatabaseUnavailableError);
    expect(await readRows()).toEqual(WHOLE);
  });
});

test('a database that accepts connections and says nothing costs the caller no more than its time', async () => {
  const { pool, proxy } = await useBreakingPool(() => 'silent');
  const startedAt = performance.now();
  await expect(pool.withTransaction(async () => undefined, { timeoutMs: 300 })).rejects.toBeInstanceOf(
    DatabaseUnavailableError,
  );
  expect(performance.now() - startedAt).toBeLessThan(1500);
  await expect.poll(() => proxy.open).toBe(0);
});

test('a database that closes every connection is asked once for each transaction, not in a loop', async () => {
  const { pool, proxy } = await useBreakingPool(() => 'close');
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await expect(pool.withTransaction(async () => undefined)).rejects.toBeInstanceOf(DatabaseUnavailableError);
  }
  await delay(100);
  expect(proxy.connections).toBe(3);
});

test('a transaction that was given up leaves no socket behind, whatever the server does', async () => {
  const { pool, proxy } = await useBreakingPool(() => ({ muteAfter: 'begin isolation' }), { size: 5 });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 5 }, () => pool.withTransaction((session) => session.run('select 1'), { timeoutMs: 300 })),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 'rejected'));
  await expect.poll(() => proxy.open).toBe(0);
});

const UNREACHABLE = [
  { name: 'nobody listens', url: 'postgres://nobody@127.0.0.1:1/none' },
  { name: 'nobody listens on any address of the name', url: 'postgres://nobody@localhost:1/none' },
  { name: 'nobody listens on any of several hosts', url: 'postgres://nobody@127.0.0.1:1,127.0.0.1:2/none' },
  { name: 'the name is unknown', url: 'postgres://nobody@database.invalid/none' },
];
test.for(UNREACHABLE)('where $name the caller is told so at once', async ({ url }) => {
  const pool = createPool({ target: parseDatabaseUrl(url), size: 2 });
  const startedAt = performance.now();
  const outcomes = await Promise.allSettled([
    pool.withTransaction((session) => session.run('select 1')),
    pool.withTransaction((session) => session.run('select 1')),
    pool.withTransaction((session) => session.run(makeQuery(text`select 1`))),
    pool.withTransaction((session) => Promise.all([session.run('select 1'), session.run('select 2')])),
  ]);
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toEqual(
    outcomes.map(() => expect.any(DatabaseUnavailableError)),
  );
  expect(performance.now() - startedAt).toBeLessThan(5000);
  await pool.close();
});

test('of several hosts the first that answers is used', async () => {
  const { url, sql } = await useTestDatabase({ from: 'nothing' });
  const { host } = new URL(url);
  const pool = createPool({ target: parseDatabaseUrl(url.replace(host, `127.0.0.1:1,${host}`)), size: 1 });
  const rows = await pool.withTransaction((session) => session.run('select current_database() as name'));
  expect([...rows]).toEqual([...(await sql`select current_database() as name`)]);
  await pool.close();
});
