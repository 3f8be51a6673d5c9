import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { countOpenDeadLetters, countResolvedDeadLetters } from '../../../src/dead-letters/count-open-dead-letters.ts';
import { canWrite, createReadinessCheck } from '../../../src/http/readiness.ts';
import { countUsersByState } from '../../../src/users/count-users-by-state.ts';
import { type TestDatabaseOptions, useTestDatabase } from '../../support/database.ts';
import { makeUserEvent, useReceivingApp } from '../../support/use-receiving-app.ts';

async function useReadiness(options: TestDatabaseOptions = {}) {
  const database = await useTestDatabase(options);
  const pool = createPool({ target: parseDatabaseUrl(database.url), size: 2 });
  onTestFinished(() => pool.close());
  const logs: unknown[] = [];
  const logger = pino({ base: null, timestamp: false }, { write: (line: string) => void logs.push(JSON.parse(line)) });
  return { database, pool, logs, checkReadiness: createReadinessCheck(pool, logger) };
}

describe('readiness', () => {
  test('is ok if the database answers and its migrations are current', async () => {
    const { checkReadiness } = await useReadiness();
    expect(await checkReadiness()).toEqual({ ready: true });
  });

  test('is refused with the reason if nothing was migrated', async () => {
    const { checkReadiness } = await useReadiness({ from: 'nothing' });
    expect(await checkReadiness()).toEqual({
      ready: false,
      code: 'migrations_missing',
      message: 'The database does not have the tables of clerk-sync yet.',
    });
  });

  test.each([
    [
      'pending',
      'delete from clerk.migrations where name = (select max(name) from clerk.migrations)',
      'The database lacks migrations that this version needs.',
    ],
    [
      'newer',
      `insert into clerk.migrations (name, hash) values ('9999_future', 'x')`,
      'A newer version of clerk-sync has migrated the database.',
    ],
    ['changed', `update clerk.migrations set hash = 'x'`, 'The database has other migrations than this version.'],
  ])('is refused with the reason if migrations are %s', async (state, statement, message) => {
    const { database, checkReadiness } = await useReadiness();
    await database.sql.unsafe(statement);
    expect(await checkReadiness()).toEqual({ ready: false, code: `migrations_${state}`, message });
  });

  test('is refused while the database accepts no writes, is ok after that, and each change is logged once', async () => {
    const { database, checkReadiness, logs } = await useReadiness();
    const name = new URL(database.url).pathname.slice(1);
    await database.sql.unsafe(`alter database ${name} set default_transaction_read_only = on`);
    const message = 'The database is set to accept no writes.';
    const denied = { ready: false, code: 'database_read_only', message };
    expect([await checkReadiness(), await checkReadiness()]).toEqual([denied, denied]);
    await database.sql.begin('read write', (sql) =>
      sql.unsafe(`alter database ${name} reset default_transaction_read_only`),
    );
    expect([await checkReadiness(), await checkReadiness()]).toEqual([{ ready: true }, { ready: true }]);
    expect(logs).toEqual([
      { level: 50, code: denied.code, msg: `${message} Until then, deliveries get a 503 and Clerk sends them again.` },
      { level: 30, msg: 'the database accepts writes again' },
    ]);
  });

  test('notices that open connections can no longer write', async () => {
    const { database, pool, checkReadiness } = await useReadiness();
    expect(await checkReadiness()).toEqual({ ready: true });
    await pool.withTransaction((session) => session.run('set default_transaction_read_only = on'));
    expect(await checkReadiness()).toMatchObject({ code: 'database_read_only' });
    expect(await checkReadiness()).toEqual({ ready: true });
    expect(await canWrite(pool)).toBe(true);
    await pool.withTransaction((session) => session.run('set default_transaction_read_only = on'));
    expect([await canWrite(pool), await canWrite(pool)]).toEqual([false, true]);
    await database.sql`select 1`;
  });

  test('is refused if the database can’t be reached', async () => {
    const pool = createPool({ target: parseDatabaseUrl('postgres://nobody:secret@127.0.0.1:1/nothing'), size: 1 });
    onTestFinished(() => pool.close());
    const unreachable = { ready: false, code: 'database_unavailable', message: 'The database does not answer.' };
    expect(await createReadinessCheck(pool, pino({ level: 'silent' }))()).toEqual(unreachable);
  });

  test('uses one connection, also if many ask at once', async () => {
    const { pool, checkReadiness } = await useReadiness();
    const answers = Array.from({ length: 50 }, () => checkReadiness());
    expect([pool.inFlight, new Set(await Promise.all(answers))]).toEqual([1, new Set([{ ready: true }])]);
  });
});

describe('dead letters', () => {
  test('are counted by state and reason, those that are not resolved with the age of the oldest', async () => {
    const { send, database, pool } = await useReceivingApp();
    for (const body of ['{', '}', '{}', '{"type":"user.deleted","data":{}}']) await send(body);
    const resolved = await database.sql`
      update clerk.dead_letters set state = 'discarded', resolved_at = now(), resolution = 'discarded' where body = '}'`;
    await database.sql`update clerk.dead_letters set state = 'queued' where reason = 'missing_user_id'`;
    await database.sql`update clerk.dead_letters set first_failed_at = now() - interval '90 seconds'`;
    const counted = await countOpenDeadLetters(pool);
    const rounded = counted.map((row) => ({ ...row, oldestAgeSeconds: Math.floor(row.oldestAgeSeconds / 10) * 10 }));
    expect([resolved.count, rounded]).toEqual([
      1,
      [
        { state: 'open', reason: 'invalid_json', count: 1, oldestAgeSeconds: 90 },
        { state: 'open', reason: 'invalid_shape', count: 1, oldestAgeSeconds: 90 },
        { state: 'queued', reason: 'missing_user_id', count: 1, oldestAgeSeconds: 90 },
      ],
    ]);
    expect(await countResolvedDeadLetters(pool)).toEqual([{ state: 'discarded', reason: 'invalid_json', count: 1 }]);
  });

  test('are counted up to a limit for each cause, with the age of the very oldest', async () => {
    const { database, pool } = await useReceivingApp();
    await database.sql`
      insert into clerk.dead_letters (message_id, body, reason, path, error, first_failed_at, last_failed_at)
      select 'msg_' || n, '{}', 'invalid_shape', case when n = 1 then 'z' else 'a' end, 'It failed.',
        now() - case when n = 1 then interval '50 hours' else interval '1 minute' end, now()
      from generate_series(1, 100100) n`;
    const [row, ...others] = await countOpenDeadLetters(pool);
    expect([{ ...row, oldestAgeSeconds: Math.floor((row?.oldestAgeSeconds ?? 0) / 3600) }, others]).toEqual([
      { state: 'open', reason: 'invalid_shape', count: 100_001, oldestAgeSeconds: 50 },
      [],
    ]);
  });
});

describe('users', () => {
  test('are counted once each, by their most important state', async () => {
    const { send, pool } = await useReceivingApp();
    const states: Record<string, unknown>[] = [
      ...[{}, {}, { locked: true }, { banned: true }, { banned: true, locked: true }],
      { deprovisioned: true, banned: true },
    ];
    for (const [place, state] of states.entries()) await send(JSON.stringify(makeUserEvent(state, `user_${place}`)));
    await send('{"type":"user.deleted","data":{"id":"user_1","deleted":true}}');
    expect(await countUsersByState(pool)).toEqual([
      { state: 'live', count: 1 },
      { state: 'locked', count: 1 },
      { state: 'banned', count: 2 },
      { state: 'deprovisioned', count: 1 },
      { state: 'deleted', count: 1 },
    ]);
  });

  test('are zero in each state of an empty table', async () => {
    const { pool } = await useReceivingApp();
    expect(new Set((await countUsersByState(pool)).map(({ count }) => count))).toEqual(new Set([0]));
  });
});
