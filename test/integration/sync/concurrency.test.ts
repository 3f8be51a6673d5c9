import { expect, onTestFinished, test } from 'vitest';
import { createPool, type Pool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { createRandom } from '../../../src/samples/random.ts';
import type { BatchEntry } from '../../../src/sync/batch-entry.ts';
import { settleBatch } from '../../../src/sync/settle-batch.ts';
import { type TestDatabase, useTestDatabase } from '../../support/database.ts';
import { dumpTables } from '../../support/database-dump.ts';
import { makeUserEntry } from '../../support/user-event.ts';

const SEED = Number(process.env.CONCURRENCY_SEED ?? Date.now() % 2 ** 31);

/** One database and as many pools as there would be processes. */
async function useProcesses(count: number, size = 4): Promise<{ database: TestDatabase; pools: Pool[] }> {
  const database = await useTestDatabase();
  const pools = Array.from({ length: count }, (_, place) =>
    createPool({ target: parseDatabaseUrl(database.url), size, applicationName: `process ${place}` }),
  );
  onTestFinished(async () => {
    await Promise.all(pools.map((pool) => pool.close()));
  });
  return { database, pools };
}

const settle = async (pool: Pool, entries: readonly BatchEntry[]) =>
  (await settleBatch({ pool, deletedUsers: 'erase' }, entries)).map(({ outcome }) => outcome);

/** Everything that must not depend on who was faster. */
const dump = ({ sql }: TestDatabase) => dumpTables(sql, { omit: ['synced_at', 'outcome'] });

/** The tables that the same entries make in a database of their own, one after the other. */
async function dumpInOrder(entries: readonly BatchEntry[]) {
  const { database, pools } = await useProcesses(1, 1);
  for (const entry of entries) await settle(pools[0] as Pool, [entry]);
  return dump(database);
}

/** Lets `writers` begin, one after the other, while the user's row is locked; they get the lock in that order. */
async function runIntoLock(
  { sql }: TestDatabase,
  userId: string,
  writers: readonly (() => Promise<string[]>)[],
): Promise<string[][]> {
  const locked = Promise.withResolvers<void>();
  const unlock = Promise.withResolvers<void>();
  const holder = sql.begin(async (tx) => {
    await tx`select 1 from clerk.users where id = ${userId} for update`;
    locked.resolve();
    await unlock.promise;
  });
  await locked.promise;
  const countWaiting = async () => {
    const [row] = await sql<{ count: number }[]>`
      select count(*)::int from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and application_name like 'process%'`;
    return row?.count;
  };
  const outcomes: Promise<string[]>[] = [];
  for (const write of writers) {
    outcomes.push(write());
    await expect.poll(countWaiting).toBe(outcomes.length);
  }
  unlock.resolve();
  await holder;
  return Promise.all(outcomes);
}

const ORDERS = [
  { order: 'the older event first', reversed: false, outcomes: [['applied'], ['applied']] },
  { order: 'the newer event first', reversed: true, outcomes: [['applied'], ['stale']] },
];

test.for(ORDERS)(
  'two processes that replace the children of one user leave those of the newer event only, $order',
  async ({ reversed, outcomes }) => {
    const { database, pools } = await useProcesses(2);
    const event = (mark: string, at: number) => makeUserEntry({ messageId: `msg_${mark}`, userId: 'user_1', mark, at });
    const first = event('first', 1);
    const entries = [event('older', 2), event('newer', 3)];
    await settle(pools[0] as Pool, [first]);
    const racing = reversed ? entries.toReversed() : entries;
    const writers = racing.map((entry, place) => () => settle(pools[place] as Pool, [entry]));
    expect(await runIntoLock(database, 'user_1', writers)).toEqual(outcomes);
    expect(await dump(database)).toEqual(await dumpInOrder([first, ...entries]));
  },
);

const DELETIONS = [
  { order: 'the update first', reversed: false, outcomes: [['applied'], ['applied']] },
  { order: 'the deletion first', reversed: true, outcomes: [['applied'], ['stale']] },
];

test.for(DELETIONS)(
  'a deletion and a newer update of one user leave a tombstone without children, $order',
  async ({ reversed, outcomes }) => {
    const { database, pools } = await useProcesses(2);
    const first = makeUserEntry({ messageId: 'msg_1', userId: 'user_1', mark: 'first', at: 1 });
    const update = makeUserEntry({ messageId: 'msg_2', userId: 'user_1', mark: 'update', at: 9 });
    const deletion = makeUserEntry({ messageId: 'msg_3', userId: 'user_1', type: 'user.deleted', at: 5 });
    await settle(pools[0] as Pool, [first]);
    const racing = reversed ? [deletion, update] : [update, deletion];
    const writers = racing.map((entry, place) => () => settle(pools[place] as Pool, [entry]));
    expect(await runIntoLock(database, 'user_1', writers)).toEqual(outcomes);
    expect(await dump(database)).toEqual(await dumpInOrder([first, update, deletion]));
  },
);

test(`three processes that write the same users in any order leave the rows of in-order application (seed ${SEED})`, async () => {
  const { database, pools } = await useProcesses(3);
  const random = createRandom(SEED);
  const entries = Array.from({ length: 400 }, (_, place) => {
    const user = random.integer(0, 19);
    const deletion = random.chance(0.02);
    return makeUserEntry({
      messageId: `msg_${String(place).padStart(4, '0')}`,
      userId: `user_${user}`,
      type: deletion ? 'user.deleted' : 'user.updated',
      at: place,
      mark: `m${place}`,
    });
  });
  const waiting = entries.map((entry) => ({ entry, key: random.integer(0, 2 ** 31) })).sort((a, b) => a.key - b.key);
  await Promise.all(
    pools.flatMap((pool) =>
      [0, 1].map(async () => {
        while (waiting.length > 0) {
          await settle(
            pool,
            waiting.splice(0, random.integer(1, 12)).map(({ entry }) => entry),
          );
        }
      }),
    ),
  );
  expect(await dump(database)).toEqual(await dumpInOrder(entries));
});

test('one message that arrives at eight processes at once is applied once', async () => {
  const { database, pools } = await useProcesses(8, 2);
  for (let round = 0; round < 20; round += 1) {
    const deliver = () => makeUserEntry({ messageId: `msg_${round}`, userId: `user_${round}`, mark: 'a' });
    const outcomes = await Promise.all(
      pools.flatMap((pool) => [settle(pool, [deliver()]), settle(pool, [deliver(), deliver()])]),
    );
    expect(outcomes.flat().sort()).toEqual(['applied', ...Array.from({ length: 23 }, () => 'duplicate')]);
  }
  const [row] = await database.sql`
    select (select count(*)::int from clerk.webhook_messages) as messages, (select count(*)::int from clerk.users) as users,
      (select count(*)::int from clerk.passkeys) as passkeys`;
  expect(row).toEqual({ messages: 20, users: 20, passkeys: 40 });
});

test(`batches that hold the same users in opposite orders wait for each other in a line (seed ${SEED})`, async () => {
  const { database, pools } = await useProcesses(4, 2);
  const random = createRandom(SEED);
  const users = Array.from({ length: 25 }, (_, place) => `user_${place}`);
  const makeBatch = (name: string, at: number) => {
    const order = random.chance(0.5) ? users : users.toReversed();
    return order.map((userId, place) =>
      makeUserEntry({ messageId: `msg_${name}_${random.integer(100, 999)}_${place}`, userId, mark: name, at }),
    );
  };
  const batches = pools.flatMap((pool, process) =>
    Array.from({ length: 10 }, (_, turn) => ({ pool, batch: makeBatch(`p${process}t${turn}`, 100 * turn + process) })),
  );
  const outcomes = await Promise.all(batches.map(({ pool, batch }) => settle(pool, batch)));
  expect(outcomes.flat().every((outcome) => outcome === 'applied' || outcome === 'stale')).toBe(true);
  expect(await readDeadlocks(database)).toBe(0);
  const entries = batches.flatMap(({ batch }) => batch);
  entries.sort((a, b) => a.message.eventAt.getTime() - b.message.eventAt.getTime());
  expect(await dump(database)).toEqual(await dumpInOrder(entries));
});

test(`batches of deletions and updates of the same users wait for each other in a line, too (seed ${SEED})`, async () => {
  const { database, pools } = await useProcesses(4, 2);
  const random = createRandom(SEED, 1);
  const makeBatch = (process: number, turn: number) =>
    [`user_${turn}_a`, `user_${turn}_b`].map((userId, place) =>
      makeUserEntry({
        messageId: `msg_${process}_${turn}_${random.integer(100, 999)}_${place}`,
        userId,
        type: place === process % 2 ? 'user.deleted' : 'user.updated',
        mark: `p${process}`,
        at: process,
      }),
    );
  const turns = Array.from({ length: 20 }, (_, turn) => turn);
  const known = turns.flatMap((turn) =>
    ['a', 'b'].map((name) =>
      makeUserEntry({ messageId: `msg_${turn}_${name}`, userId: `user_${turn}_${name}`, mark: 'known', at: -1 }),
    ),
  );
  await settle(pools[0] as Pool, known);

  const outcomes = await Promise.all(
    turns.flatMap((turn) => pools.map((pool, process) => settle(pool, makeBatch(process, turn)))),
  );
  expect(outcomes.flat().every((outcome) => outcome === 'applied' || outcome === 'stale')).toBe(true);
  const [row] = await database.sql`
    select count(*)::int as users, count(deleted_at)::int as tombstones, (select count(*)::int from clerk.passkeys) as passkeys
    from clerk.users`;
  expect(row).toEqual({ users: 40, tombstones: 40, passkeys: 0 });
  expect(await readDeadlocks(database)).toBe(0);
});

test('where two users that were never seen make a deadlock possible, it reaches no caller', async () => {
  const { database, pools } = await useProcesses(2, 1);
  // A second is the default.
  await database.sql.unsafe(
    `do $$ begin execute format('alter database %I set deadlock_timeout = ''50ms''', current_database()); end $$`,
  );
  const turns = Array.from({ length: 20 }, (_, turn) => turn);
  for (const turn of turns) {
    const batches = pools.map((_, process) =>
      [`user_${turn}_a`, `user_${turn}_b`].map((userId, place) =>
        makeUserEntry({
          messageId: `msg_${process}_${turn}_${place}`,
          userId,
          type: place === process ? 'user.deleted' : 'user.updated',
          mark: `p${process}`,
        }),
      ),
    );
    const outcomes = await Promise.all(batches.map((batch, process) => settle(pools[process] as Pool, batch)));
    expect(outcomes.flat().every((outcome) => outcome === 'applied' || outcome === 'stale')).toBe(true);
  }
  const [row] =
    await database.sql`select count(*)::int as users, count(deleted_at)::int as tombstones from clerk.users`;
  expect(row).toEqual({ users: 40, tombstones: 40 });
  // Otherwise nothing was shown.
  expect(await readDeadlocks(database)).toBeGreaterThan(0);
});

/** How often Postgres had to choose a victim in this database. */
async function readDeadlocks({ sql }: TestDatabase): Promise<number> {
  await sql`select pg_stat_force_next_flush()`;
  const [row] = await sql<{ deadlocks: number }[]>`
    select deadlocks::int from pg_stat_database where datname = current_database()`;
  return row?.deadlocks ?? Number.NaN;
}
