import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createPool } from '../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../src/db/target/parse-database-url.ts';
import { countOpenDeadLetters } from '../../src/http/count-open-dead-letters.ts';
import { createReadinessCheck } from '../../src/http/readiness.ts';
import { type TestDatabaseOptions, useTestDatabase } from '../support/database.ts';
import { useReceivingApp } from '../support/use-receiving-app.ts';

async function useReadiness(options: TestDatabaseOptions = {}) {
  const database = await useTestDatabase(options);
  const pool = createPool({ target: parseDatabaseUrl(database.url), size: 2 });
  onTestFinished(() => pool.close());
  return { database, pool, checkReadiness: createReadinessCheck(pool, pino({ level: 'silent' })) };
}

describe('readiness', () => {
  it('is given when the database answers and its migrations are current', async () => {
    const { checkReadiness } = await useReadiness();
    expect(await checkReadiness()).toEqual({ ready: true });
  });

  it('is denied with the reason where nothing was migrated', async () => {
    const { checkReadiness } = await useReadiness({ from: 'nothing' });
    expect(await checkReadiness()).toEqual({
      ready: false,
      code: 'migrations_missing',
      message: 'The database has no schema of clerk-sync yet.',
    });
  });

  it.each([
    [
      'pending',
      'delete from clerk.migrations where name = (select max(name) from clerk.migrations)',
      'The database lacks migrations that this version needs.',
    ],
    [
      'newer',
      `insert into clerk.migrations (name, hash) values ('9999_future', 'x')`,
      'The database was migrated by a newer version than this.',
    ],
    [
      'changed',
      `update clerk.migrations set hash = 'x'`,
      'The migrations of the database are not the ones of this version.',
    ],
  ])('is denied with the reason where migrations are %s', async (state, statement, message) => {
    const { database, checkReadiness } = await useReadiness();
    await database.sql.unsafe(statement);
    expect(await checkReadiness()).toEqual({ ready: false, code: `migrations_${state}`, message });
  });

  it('is denied when the database can’t be reached', async () => {
    const pool = createPool({ target: parseDatabaseUrl('postgres://nobody:secret@127.0.0.1:1/nothing'), size: 1 });
    onTestFinished(() => pool.close());
    const unreachable = { ready: false, code: 'database_unavailable', message: 'The database does not answer.' };
    expect(await createReadinessCheck(pool, pino({ level: 'silent' }))()).toEqual(unreachable);
  });

  it('takes one connection, however many ask at once', async () => {
    const { pool, checkReadiness } = await useReadiness();
    const answers = Array.from({ length: 50 }, () => checkReadiness());
    expect([pool.inFlight, new Set(await Promise.all(answers))]).toEqual([1, new Set([{ ready: true }])]);
  });
});

describe('open dead letters', () => {
  it('are counted by reason; resolved ones are not', async () => {
    const { send, database, pool } = await useReceivingApp();
    for (const body of ['{', '}', '{}', '{"type":"user.deleted","data":{}}']) await send(body);
    const resolved = await database.sql`
      update clerk.dead_letters set state = 'discarded', resolved_at = now(), resolution = 'discarded' where body = '}'`;
    expect([resolved.count, await countOpenDeadLetters(pool)]).toEqual([
      1,
      [
        { reason: 'invalid_json', count: 1 },
        { reason: 'invalid_shape', count: 1 },
        { reason: 'missing_user_id', count: 1 },
      ],
    ]);
  });
});
