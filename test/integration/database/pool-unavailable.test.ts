import postgres from 'postgres';
import { expect, onTestFinished, test, vi } from 'vitest';
import { DatabaseUnavailableError } from '../../../src/db/errors/database-errors.ts';
import { createPool, type Pool, type PoolOptions } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { usePostgresServer } from '../../support/postgres-server.ts';
import { countSockets } from '../../support/processes.ts';

const INSERT = 'insert into things values ($1)';

/** A server of the test's own with a table, a role that may write it, and a pool that logs in as that role. */
async function useOwnServer(options: Partial<PoolOptions> = {}) {
  const server = await usePostgresServer();
  const sql = postgres(server.url, { max: 1, onnotice: () => undefined });
  await sql.unsafe(`
    create table things (id int primary key);
    create role service login password 'service';
    grant all on things to service`);
  const url = new URL(server.url);
  url.username = 'service';
  url.password = 'service';
  const pool = createPool({ target: parseDatabaseUrl(url.href), size: 3, ...options });
  onTestFinished(async () => {
    await pool.close();
    await sql.end({ timeout: 1 });
  });
  const readIds = async () => (await sql<{ id: number }[]>`select id from things order by id`).map(({ id }) => id);
  return { server, sql, pool, url: url.href, readIds };
}

const insert = (pool: Pool, id: number, timeoutMs = 5000) =>
  pool.withTransaction((session) => session.run(INSERT, [id]), { timeoutMs });

async function expectUnavailable(promise: Promise<unknown>, message: RegExp): Promise<void> {
  await expect(promise).rejects.toSatisfy(
    (error) => error instanceof DatabaseUnavailableError && message.test(error.message),
  );
}

test('a Postgres that hangs costs callers their time and no more, and works again when it goes on', async () => {
  const { server, pool, readIds } = await useOwnServer();
  const socketsBefore = countSockets();
  await Promise.all([insert(pool, 1), insert(pool, 2)]);
  await server.freeze();
  const startedAt = performance.now();
  // Two on connections that were open, the others on one that can't be opened; six more wait for a turn.
  const outcomes = await Promise.allSettled(Array.from({ length: 9 }, (_, place) => insert(pool, 10 + place, 700)));
  const took = performance.now() - startedAt;
  // Nothing waits for a server that may never answer again.
  await expect.poll(countSockets).toBe(socketsBefore);
  await server.thaw();
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.name)).toEqual(
    outcomes.map(() => 'DatabaseUnavailableError'),
  );
  expect(took).toBeLessThan(3000);

  await Promise.all([insert(pool, 3), insert(pool, 4), insert(pool, 5)]);
  expect(await readIds()).toEqual([1, 2, 3, 4, 5]);
  expect(pool.inFlight).toBe(0);
});

test('a Postgres that is killed and comes back is used again', async () => {
  const { server, pool, url } = await useOwnServer();
  await insert(pool, 1);
  await server.kill9();
  await expectUnavailable(insert(pool, 2), /lost|reached/);
  await server.start();
  await insert(pool, 3);
  const after = postgres(url, { max: 1 });
  expect([...(await after`select id from things order by id`)]).toEqual([{ id: 1 }, { id: 3 }]);
  await after.end();
});

test('a role that has no connection left makes callers come again, and all is well once there is one', async () => {
  const { sql, pool, url, readIds } = await useOwnServer();
  await sql`alter role service connection limit 1`;
  const holder = postgres(url, { max: 1 });
  await holder`select 1`;
  await expectUnavailable(insert(pool, 1), /53300/);
  await holder.end();
  await expect.poll(() => insert(pool, 2).then(() => 'committed', String)).toBe('committed');
  expect(await readIds()).toEqual([2]);
});

test('a limit below the size of the pool lets as much through as there are connections', async () => {
  const { sql, pool, readIds } = await useOwnServer({ size: 8 });
  await sql`alter role service connection limit 2`;
  const outcomes = await Promise.allSettled(Array.from({ length: 40 }, (_, id) => insert(pool, id)));
  const committed = outcomes.flatMap(({ status }, id) => (status === 'fulfilled' ? [id] : []));
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(DatabaseUnavailableError);
  }
  expect(committed.length).toBeGreaterThan(0);
  expect(committed.length).toBeLessThan(40);
  expect(await readIds()).toEqual(committed);
});

const REFUSALS = [
  {
    name: 'read-only',
    refuse: 'alter role service set default_transaction_read_only = on',
    mend: 'alter role service set default_transaction_read_only = off',
    state: '25006',
  },
  {
    name: 'without the table',
    refuse: 'alter table things rename to elsewhere',
    mend: 'alter table elsewhere rename to things',
    state: '42P01',
  },
  {
    name: 'that denies the right',
    refuse: 'revoke all on things from service',
    mend: 'grant all on things to service',
    state: '42501',
  },
];

test.for(REFUSALS)(
  'a database $name makes callers come again, and all is well once it is mended',
  async ({ refuse, mend, state }) => {
    const { sql, url, readIds } = await useOwnServer();
    await sql.unsafe(refuse);
    const pool = createPool({ target: parseDatabaseUrl(url), size: 1 });
    await expectUnavailable(insert(pool, 1), new RegExp(state));
    await sql.unsafe(mend);
    await pool.close();
    const mended = createPool({ target: parseDatabaseUrl(url), size: 1 });
    await insert(mended, 2);
    await mended.close();
    expect(await readIds()).toEqual([2]);
  },
);

test('a wrong password is not a refusal of the data', async () => {
  const { url } = await useOwnServer();
  const pool = createPool({ target: parseDatabaseUrl(url.replace('service:service', 'service:wrong')), size: 1 });
  await expectUnavailable(insert(pool, 1), /28P01/);
  await pool.close();
});

test('a connection that can’t even be made keeps no place, and lets the pool close', async () => {
  const target = parseDatabaseUrl('postgres://x@127.0.0.1:1/x');
  const pool = createPool({ target, size: 1 });
  // The driver refuses this value of a variable when it is created.
  vi.stubEnv('PGTARGETSESSIONATTRS', 'any');
  const attempts = [insert(pool, 1), insert(pool, 2)];
  expect((await Promise.allSettled(attempts)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  vi.unstubAllEnvs();
  expect(pool.inFlight).toBe(0);
  await pool.close();
});
