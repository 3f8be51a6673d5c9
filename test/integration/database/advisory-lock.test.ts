import { expect, test } from 'vitest';
import { type AdvisoryLock, withAdvisoryLock } from '../../../src/db/advisory-lock.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { type TestDatabase, useTestDatabase } from '../../support/database.ts';
import { useProxy } from '../../support/proxy.ts';

/** A holder that works until the test ends it. */
async function hold({ url }: Pick<TestDatabase, 'url'>, name: 'backfill' | 'reconcile' = 'backfill') {
  const begun = Promise.withResolvers<AdvisoryLock>();
  const work = Promise.withResolvers<string>();
  const result = withAdvisoryLock({ target: parseDatabaseUrl(url), name }, (lock) => {
    begun.resolve(lock);
    return work.promise;
  });
  result.catch(begun.reject);
  return { lock: await begun.promise, end: work.resolve, fail: work.reject, result };
}

const tryLock = (url: string, name: 'backfill' | 'reconcile' = 'backfill') =>
  withAdvisoryLock({ target: parseDatabaseUrl(url), name }, async () => 'done');

const endHolder = async ({ sql }: TestDatabase) =>
  sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'clerk-sync backfill'
    and datname = current_database()`;

test('while one holds the lock another is refused at once, and of another name is not', async () => {
  const database = await useTestDatabase();
  const holder = await hold(database);
  await holder.lock.assertHeld();
  expect(await tryLock(database.url)).toEqual({ held: false });
  expect(await tryLock(database.url, 'reconcile')).toEqual({ held: true, result: 'done' });
  holder.end('first');
  expect(await holder.result).toEqual({ held: true, result: 'first' });
  expect(await tryLock(database.url)).toEqual({ held: true, result: 'done' });
});

test('what the work throws comes out as it is, and frees the lock', async () => {
  const database = await useTestDatabase();
  const holder = await hold(database);
  // A conflict of a transaction inside the work is no reason to do all of the work again.
  const failure = await database.sql`do $$ begin raise exception using errcode = '40P01'; end $$`.catch(
    (error: unknown) => error as Error,
  );
  holder.fail(failure);
  await expect(holder.result).rejects.toBe(failure);
  expect(await tryLock(database.url)).toEqual({ held: true, result: 'done' });
});

test('a holder whose connection is gone is told, and another gets the lock', async () => {
  const database = await useTestDatabase();
  const holder = await hold(database);
  await endHolder(database);
  await expect(holder.lock.assertHeld()).rejects.toThrow('The connection that holds the lock was lost.');
  await expect.poll(() => tryLock(database.url)).toEqual({ held: true, result: 'done' });
  holder.end('done all the same');
  expect(await holder.result).toEqual({ held: true, result: 'done all the same' });
});

test('the lock outlives the limits that a role sets on its transactions', async () => {
  const database = await useTestDatabase();
  const holder = await hold({ url: `${database.url}?options=${encodeURIComponent('-c transaction_timeout=100')}` });
  const [{ waited } = { waited: false }] = await database.sql<{ waited: boolean }[]>`
    select pg_sleep(0.3) is not null as waited`;
  await holder.lock.assertHeld();
  holder.end('done');
  expect({ waited, result: await holder.result }).toEqual({ waited: true, result: { held: true, result: 'done' } });
});

test('an idle holder keeps vacuum from nothing', async () => {
  const database = await useTestDatabase();
  const holder = await hold(database);
  expect([
    ...(await database.sql`select state, backend_xid, backend_xmin from pg_stat_activity
      where application_name = 'clerk-sync backfill' and datname = current_database()`),
  ]).toEqual([{ state: 'idle in transaction', backend_xid: null, backend_xmin: null }]);
  holder.end('done');
  await holder.result;
});

test('where the database can not be asked, the caller is told', async () => {
  const database = await useTestDatabase();
  const proxy = await useProxy(database.url, () => 'close');
  await expect(tryLock(proxy.url)).rejects.toThrow(/connection|database/i);
});
