import type postgres from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import { useTestDatabase } from '../../support/database.ts';

/** The requests in the order in which they are sent. */
const readOrder = async (sql: postgres.Sql) =>
  (await sql`select request ->> 'first_name' as name from clerk.user_updates order by id`).map(({ name }) => name);

/** Sends the statement at once, be it awaited or not. */
const insert = (sql: postgres.Sql, userId: string, name: string) =>
  sql`
    insert into clerk.user_updates (user_id, request)
    values (${userId}, jsonb_build_object('first_name', ${name}::text))`.execute();

/** A session of its own, with an open transaction. */
async function begin(sql: postgres.Sql) {
  const session = await sql.reserve();
  onTestFinished(() => session.release());
  const [row] = await session`select pg_backend_pid() as pid`;
  await session`begin`;
  /** Resolves once this session waits for a lock. */
  const waits = () =>
    expect
      .poll(async () => (await sql`select wait_event_type from pg_stat_activity where pid = ${row?.pid}`)[0], {
        timeout: 10_000,
      })
      .toEqual({ wait_event_type: 'Lock' });
  return { session, waits };
}

test('two transactions of one user are in the order in which they commit, whichever began first', async () => {
  const { sql } = await useTestDatabase();
  const [early, late] = [await begin(sql), await begin(sql)];
  await insert(late.session, 'user_1', 'first to commit');
  const waiting = insert(early.session, 'user_1', 'second to commit');
  await early.waits();
  await insert(late.session, 'user_1', 'first to commit, too');
  await late.session`commit`;
  await waiting;
  await early.session`commit`;
  expect(await readOrder(sql)).toEqual(['first to commit', 'first to commit, too', 'second to commit']);
});

test('a transaction that is rolled back lets the next one go on', async () => {
  const { sql } = await useTestDatabase();
  const [one, other] = [await begin(sql), await begin(sql)];
  await insert(one.session, 'user_1', 'never sent');
  const waiting = insert(other.session, 'user_1', 'sent');
  await other.waits();
  await one.session`rollback`;
  await waiting;
  await other.session`commit`;
  expect(await readOrder(sql)).toEqual(['sent']);
});

test('transactions of different users do not wait for each other', async () => {
  const { sql } = await useTestDatabase();
  const open = await begin(sql);
  await insert(open.session, 'user_1', 'later');
  await insert(sql, 'user_2', 'sooner');
  await open.session`commit`;
  expect(await readOrder(sql)).toEqual(['later', 'sooner']);
});

test('a transaction with very many users takes few locks, and keeps its place all the same', async () => {
  const { sql } = await useTestDatabase();
  const bulk = await begin(sql);
  await bulk.session`
    insert into clerk.user_updates (user_id, request)
    select 'user_' || n, '{"first_name": "bulk"}' from generate_series(1, 2000) n`;
  const [{ locks = 0 } = {}] = await sql`
    select count(*)::int as locks from pg_locks where locktype = 'advisory' and database = (
      select oid from pg_database where datname = current_database())`;
  expect(locks).toBeLessThan(600);

  const other = await begin(sql);
  const waiting = insert(other.session, 'user_1999', 'after the bulk');
  await other.waits();
  await bulk.session`commit`;
  await waiting;
  await other.session`commit`;
  expect((await readOrder(sql)).at(-1)).toBe('after the bulk');
});

test('whoever waits is told by NOTIFY, once for each transaction', async () => {
  const { sql } = await useTestDatabase();
  const heard: string[] = [];
  const { unlisten } = await sql.listen('clerk_user_updates', (payload) => void heard.push(payload));
  const { session } = await begin(sql);
  await insert(session, 'user_1', 'one');
  await insert(session, 'user_2', 'two');
  expect(heard).toEqual([]);
  await session`commit`;
  await expect.poll(() => heard).toEqual(['']);
  await unlisten();
});
