import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Session } from '../../../src/db/pool.ts';
import { describeOutcome, INSERT, usePool } from '../../support/halves.ts';
import { countSockets } from '../../support/processes.ts';

test('a transaction that ends its own connection is not continued on a new one, not even where it catches the error', async () => {
  const { database, pool } = await usePool();
  const pids: unknown[] = [];
  const outcome = await describeOutcome(
    pool.withTransaction(async (session) => {
      await session.run(INSERT, [1, 'first']);
      pids.push(...(await session.run('select pg_backend_pid() as pid')));
      await session.run('select pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
      for (let attempt = 0; attempt < 50; attempt += 1) {
        const answer = session.run(INSERT, [1, `second ${attempt}`]);
        await answer.then(
          () => pids.push('ran'),
          () => undefined,
        );
        await delay(1);
      }
    }),
  );
  expect({ outcome, pids, rows: await database.sql`select * from halves` }).toEqual({
    outcome: 'unavailable',
    pids: [{ pid: expect.any(Number) }],
    rows: [],
  });
});

test('the transaction after a killed one gets a connection that works', async () => {
  const { pool } = await usePool();
  const readPid = () => pool.withTransaction((session) => session.run('select pg_backend_pid() as pid'));
  const before = await readPid();
  await describeOutcome(
    pool.withTransaction((session) => session.run('select pg_terminate_backend(pg_backend_pid())')),
  );
  const after = await readPid();
  expect(after).toEqual([{ pid: expect.any(Number) }]);
  expect(after).not.toEqual(before);
});

test('a connection that was killed while it was idle is not lent again', async () => {
  const { database, pool } = await usePool();
  const socketsBefore = countSockets();
  const [row] = await pool.withTransaction((session) => session.run<{ pid: number }>('select pg_backend_pid() as pid'));
  await database.sql`select pg_terminate_backend(${row?.pid ?? 0})`;
  await expect.poll(countSockets).toBe(socketsBefore);
  await pool.withTransaction((session) => session.run(INSERT, [1, 'first']));
  expect([...(await database.sql`select * from halves`)]).toEqual([{ transaction: 1, half: 'first' }]);
});

test('a session that outlives its transaction can write nothing more', async () => {
  const { database, pool } = await usePool();
  let kept: Session | undefined;
  await pool.withTransaction(async (session) => {
    kept = session;
    await session.run(INSERT, [1, 'first']);
  });
  await expect(kept?.run(INSERT, [1, 'second'])).rejects.toThrow('after the end of the work');
  expect([...(await database.sql`select * from halves`)]).toEqual([{ transaction: 1, half: 'first' }]);
});

test('work that leaves a transaction open does not pass it on with the session', async () => {
  const { database, pool } = await usePool();
  await expect(
    pool.withTransaction(async (session) => {
      await session.run('begin');
      await session.run(INSERT, [1, 'first']);
      throw new Error('left it open');
    }),
  ).rejects.toThrow('left it open');
  await pool.withTransaction((session) => session.run(INSERT, [2, 'first']));
  expect([...(await database.sql`select transaction from halves`)]).toEqual([{ transaction: 2 }]);
});

test('transactions that deadlock are run again until each succeeds', async () => {
  const { database, pool } = await usePool({ size: 4 });
  // A deadlock is looked for after this long; a second is the default, and the caller has ten.
  await database.sql.unsafe(
    `do $$ begin execute 'alter database ' || current_database() || ' set deadlock_timeout = ''20ms'''; end $$`,
  );
  await database.sql`insert into halves values (1, '0'), (2, '0')`;
  await database.sql`create table runs (id int)`;
  let attempts = 0;
  const swap = (order: readonly number[]) =>
    pool.withTransaction(async (session) => {
      attempts += 1;
      for (const id of order) {
        await session.run('update halves set half = (half::int + 1)::text where transaction = $1', [id]);
        await session.run('select pg_sleep(0.002)');
      }
    });
  const outcomes = await Promise.all(
    Array.from({ length: 40 }, (_, place) => describeOutcome(swap(place % 2 === 0 ? [1, 2] : [2, 1]))),
  );
  expect(outcomes).toEqual(outcomes.map(() => 'committed'));
  expect([...(await database.sql`select * from halves order by 1`)]).toEqual([
    { transaction: 1, half: '40' },
    { transaction: 2, half: '40' },
  ]);
  // Otherwise nothing was shown.
  expect(attempts).toBeGreaterThan(40);
  expect(pool.retries).toBe(attempts - 40);
});

test('waiting callers are served in the order in which they came', async () => {
  const { pool } = await usePool();
  const served: number[] = [];
  await Promise.all(
    Array.from({ length: 30 }, (_, place) =>
      pool.withTransaction(async (session) => {
        served.push(place);
        await session.run('select 1');
      }),
    ),
  );
  expect(served).toEqual(Array.from({ length: 30 }, (_, place) => place));
});

test('a caller whose time is up is told so, and soon Postgres stops working for it', async () => {
  const { database, pool } = await usePool();
  const startedAt = performance.now();
  const outcomes = await Promise.all([
    describeOutcome(pool.withTransaction((session) => session.run('select pg_sleep(30)'), { timeoutMs: 300 })),
    describeOutcome(pool.withTransaction((session) => session.run('select 1'), { timeoutMs: 100 })),
    describeOutcome(pool.withTransaction((session) => session.run('select pg_sleep(30)'), { timeoutMs: 600 })),
  ]);
  expect(outcomes).toEqual(['unavailable', 'unavailable', 'unavailable']);
  expect(performance.now() - startedAt).toBeLessThan(3000);
  expect(await describeOutcome(pool.withTransaction((session) => session.run('select 1')))).toBe('committed');
  // Postgres notices the lost client only when it next writes to it.
  const findSleeping = () => database.sql`
    select query from pg_stat_activity where datname = current_database() and query like 'select pg_sleep(30)%'`;
  await expect.poll(async () => [...(await findSleeping())], { timeout: 4000 }).toEqual([]);
});

test('a pool that is closed finishes what it began, refuses what comes, and can be closed twice', async () => {
  const { database, pool } = await usePool();
  const begun = describeOutcome(
    pool.withTransaction(async (session) => {
      await session.run(INSERT, [1, 'first']);
      await session.run('select pg_sleep(0.05)');
      await session.run(INSERT, [1, 'second']);
    }),
  );
  const waiting = describeOutcome(pool.withTransaction((session) => session.run(INSERT, [2, 'first'])));
  const closings = [pool.close(), pool.close()];
  const late = describeOutcome(pool.withTransaction((session) => session.run(INSERT, [3, 'first'])));
  expect(await Promise.all([begun, waiting, late])).toEqual(['committed', 'committed', 'unavailable']);
  await Promise.all(closings);
  await expect
    .poll(async () => [
      ...(await database.sql`select pid from pg_stat_activity where datname = current_database() and application_name = 'clerk-sync'`),
    ])
    .toEqual([]);
});
