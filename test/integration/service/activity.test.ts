import { describe, expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { readActivity } from '../../../src/service/read-activity.ts';
import { makeDeliveryEntry } from '../../../src/sync/batch-entry.ts';
import { settleBatch } from '../../../src/sync/settle-batch.ts';
import { useTestDatabase } from '../../support/database.ts';
import { makeUserEvent, useReceivingApp } from '../../support/use-receiving-app.ts';
import { makeUserDelivery } from '../../support/user-event.ts';

describe('what all processes have done last', () => {
  async function useActivity() {
    const { sql, url } = await useTestDatabase();
    const pool = createPool({ target: parseDatabaseUrl(url), size: 1 });
    onTestFinished(() => pool.close());
    return { sql, read: () => readActivity(pool) };
  }

  const NONE = { runs: 0, letters: 0, settled: 0 };

  test('is nothing in an empty database', async () => {
    const { read } = await useActivity();
    expect(await read()).toEqual({
      lastDeliveryAgeSeconds: undefined,
      backfill: undefined,
      replays: [
        { state: 'running', ...NONE },
        { state: 'finished', ...NONE },
        { state: 'stopped', ...NONE },
        { state: 'failed', ...NONE },
      ],
    });
  });

  test('is the youngest delivery in the ledger or at any process', async () => {
    const { sql, read } = await useActivity();
    const age = async () => Math.floor(((await read()).lastDeliveryAgeSeconds ?? 0) / 60);
    await sql`
      insert into clerk.webhook_messages (message_id, event_type, user_id, event_at, received_at, outcome)
      select 'msg_' || n, 'user.updated', 'user_1', now(), now() - n * interval '10 minutes', 'applied'
      from generate_series(1, 3) n`;
    const ledger = await age();
    await sql`
      insert into clerk.processes (process_id, version, host, pid, started_at, seen_at, last_delivery_at, stats)
      values ('a', '1.0.0', 'a', 1, now(), now(), null, '{}'),
        ('b', '1.0.0', 'b', 1, now(), now(), now() - interval '5 minutes', '{}')`;
    expect([ledger, await age()]).toEqual([10, 5]);
  });

  test('is no delivery of the future: neither a fast clock nor an old row of one hides a silence', async () => {
    const { send, database, pool } = await useReceivingApp();
    const age = async () => Math.round(((await readActivity(pool)).lastDeliveryAgeSeconds ?? 0) / 60);
    await send(JSON.stringify(makeUserEvent()), { messageId: 'msg_1' });
    const [kept] = await database.sql`
      update clerk.webhook_messages set received_at = received_at - interval '10 minutes' returning received_at < now() as is_past`;
    await database.sql`
      insert into clerk.webhook_messages (message_id, event_at, received_at, outcome)
      values ('msg_2', now(), now() + interval '3 hours', 'ignored')`;
    await database.sql`
      insert into clerk.processes (process_id, version, host, pid, started_at, seen_at, last_delivery_at, stats)
      values ('a', '1.0.0', 'a', 1, now(), now(), now() + interval '2 hours', '{}')`;
    expect([{ ...kept }, await age()]).toEqual([{ is_past: true }, 10]);
  });

  test('is recorded by the clock of the database, if that of a process is fast', async () => {
    const { database, pool } = await useReceivingApp();
    const receivedAt = new Date(Date.now() + 3 * 3_600_000);
    const delivery = { ...makeUserDelivery({ messageId: 'msg_1', userId: 'user_1' }), receivedAt };
    await settleBatch({ pool, deletedUsers: 'erase' }, [makeDeliveryEntry(delivery)]);
    expect([...(await database.sql`select received_at <= now() as is_past from clerk.webhook_messages`)]).toEqual([
      { is_past: true },
    ]);
  });

  test('has the latest backfill, and the replay runs by state', async () => {
    const { sql, read } = await useActivity();
    await sql`
      insert into clerk.backfill_runs
        (run_id, state, users_read, applied, stale, dead_letters, expected_users, started_at, updated_at)
      values ('backfill_1', 'finished', 9, 9, 0, 0, 9, now() - interval '1 day', now()),
        ('backfill_2', 'running', 7, 4, 2, 1, 100, now(), '2026-03-01T12:00:05.5Z')`;
    await sql`
      insert into clerk.replay_runs
        (run_id, state, filter, requested_by, letters, applied, stale, duplicate, ignored, dead_letters, started_at, updated_at)
      select 'replay_' || n, state, '{}', 'test', 100, 1, 2, 3, 4, 5, now(), now()
      from (values (1, 'running'), (2, 'running'), (3, 'failed')) r (n, state)`;
    const { backfill, replays } = await read();
    expect({ backfill, replays }).toEqual({
      backfill: {
        ...{ state: 'running', applied: 4, stale: 2, deadLetters: 1, expectedUsers: 100 },
        updatedAt: Date.UTC(2026, 2, 1, 12, 0, 5, 500) / 1000,
      },
      replays: [
        { state: 'running', runs: 2, letters: 200, settled: 30 },
        { state: 'finished', ...NONE },
        { state: 'stopped', ...NONE },
        { state: 'failed', runs: 1, letters: 100, settled: 15 },
      ],
    });
  });
});

test('properties without a column are counted for each delivery, by what they are of', async () => {
  const { send, metrics } = await useReceivingApp();
  const passkey = { id: 'pk_1', object: 'passkey', name: 'a', orbit: 1, planet: 2 };
  await send(JSON.stringify(makeUserEvent({ username: 'ada' })));
  const before = await metrics.render();
  await send(
    JSON.stringify(makeUserEvent({ orbit: 1, updated_at: 1_767_225_600_001, passkeys: [passkey, { orbit: 3 }] })),
  );
  const lines = (await metrics.render()).split('\n').filter((line) => /^clerk_sync_un(?:known|keyed)/.test(line));
  expect(before).not.toMatch(/^clerk_sync_unknown_properties_total/m);
  expect(lines).toEqual([
    'clerk_sync_unkeyed_children_total{list="passkeys"} 1',
    'clerk_sync_unknown_properties_total{object="user"} 1',
    'clerk_sync_unknown_properties_total{object="passkeys"} 2',
  ]);
});
