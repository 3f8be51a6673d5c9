import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { useDoctorScene } from '../../support/doctor-scene.ts';

const EXTRA =
  'Nothing is lost: they are in the column extra. Look for a newer version of clerk-sync, or add columns as CONTRIBUTING.md says.';

test('finds properties that no column holds, in how many rows and since when', async () => {
  const { clerk, sql, diagnose } = await useDoctorScene();
  const [first = '', second = ''] = [...clerk.users.keys()];
  await sql`update clerk.users set observed_at = now() - interval '9 days 1 minute' where id = ${first}`;
  await sql`update clerk.users set observed_at = now() - interval '2 days 1 minute' where id = ${second}`;
  await sql`update clerk.users set extra = '{"pet_names": ["Rex"]}' where id in (${first}, ${second})`;
  await sql`update clerk.email_addresses set extra = '{"bounced": true}' where user_id = ${second}`;
  const { exitCode, find } = await diagnose();
  expect({ exitCode, check: find('properties') }).toEqual({
    exitCode: 3,
    check: {
      name: 'properties',
      status: 'warning',
      finding:
        'No column holds:\nusers.pet_names: in 2 rows, the oldest from 9 days ago\nemail_addresses.bounced: in 2 rows, the oldest from 2 days ago',
      advice: EXTRA,
    },
  });
});

test('does not show a property whose name no programmer would give', async () => {
  const { sql, diagnose } = await useDoctorScene();
  await sql`update clerk.users set extra = '{"somebody@example.com": 1}'`;
  const { find } = await diagnose();
  expect(find('properties')).toEqual({
    name: 'properties',
    status: 'warning',
    finding: 'No column holds 1 property with an odd name.',
    advice: EXTRA,
  });
});

test('finds a table on which autovacuum is switched off', async () => {
  const { sql, diagnose } = await useDoctorScene();
  await sql`alter table clerk.webhook_messages set (autovacuum_enabled = off)`;
  expect((await diagnose()).find('vacuum')).toEqual({
    name: 'vacuum',
    status: 'warning',
    finding: 'autovacuum is switched off for webhook_messages.',
    advice: 'alter table clerk.webhook_messages reset (autovacuum_enabled);',
  });
});

async function countDeadRows(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<{ dead: number }[]>`
    select n_dead_tup::int as dead from pg_stat_all_tables where relid = 'clerk.webhook_messages'::regclass`;
  return row?.dead ?? 0;
}

test('finds many dead rows', async () => {
  const { sql, diagnose } = await useDoctorScene();
  await sql`
    insert into clerk.webhook_messages (message_id, event_at, received_at, outcome)
    select 'msg_many_' || n, now(), now(), 'ignored' from generate_series(1, 11000) n`;
  await sql`delete from clerk.webhook_messages where message_id like 'msg_many_%'`;
  // A session tells the others what it has counted when it is idle for a while.
  await expect.poll(() => countDeadRows(sql), { timeout: 30_000 }).toBeGreaterThanOrEqual(11_000);
  const { exitCode, find } = await diagnose();
  expect({ exitCode, check: find('vacuum') }).toEqual({
    exitCode: 3,
    check: {
      name: 'vacuum',
      status: 'warning',
      finding: expect.stringMatching(
        /^webhook_messages has 11,000 dead and \d live rows, and was (?:never vacuumed|vacuumed .* ago)\.$/,
      ),
      advice:
        'vacuum (analyze) clerk.webhook_messages; -- If they stay, look for a transaction that was left open, or for a replication slot that nobody uses: both stop vacuum.',
    },
  });
});

test('says how large the tables are, the largest first', async () => {
  const { diagnose } = await useDoctorScene();
  const { diagnosis } = await diagnose();
  const sizes = diagnosis.groups.flatMap(({ checks }) => checks).find(({ name }) => name === 'sizes');
  const tables = (sizes?.details?.tables ?? {}) as Record<string, { bytes: number }>;
  expect(Object.keys(tables)[0]).toBe('users');
  expect(tables.users).toEqual({
    bytes: expect.any(Number),
    live_rows: expect.any(Number),
    dead_rows: expect.any(Number),
    last_vacuum_at: null,
  });
  const bytes = Object.values(tables).map((table) => table.bytes);
  expect(bytes).toEqual(bytes.toSorted((one, other) => other - one));
});

test('finds old rows that nobody removes, and counts no message that has a letter', async () => {
  const { sql, diagnose } = await useDoctorScene();
  const age = async (days: number) => {
    await sql`update clerk.webhook_messages set received_at = now() - ${days} * interval '1 day'`;
    return (await diagnose()).find('retention');
  };
  expect(await age(121)).toEqual({
    ...{ name: 'retention', status: 'ok' },
    finding: 'Old rows are removed after 120 days. The oldest message came 121 days ago.',
  });
  expect(await age(130)).toEqual({
    name: 'retention',
    status: 'warning',
    finding: 'RETENTION_DAYS is 120, and rows are left that are older. The oldest message came 130 days ago.',
    advice: 'Does the service run? What does its log say of old rows? `clerk-sync prune` removes them now.',
  });
  await sql`
    insert into clerk.dead_letters (message_id, body, reason, error, first_failed_at, last_failed_at)
    select message_id, '{}', 'invalid_shape', 'The event is odd.', now(), now() from clerk.webhook_messages`;
  expect(await age(130)).toEqual({
    ...{ name: 'retention', status: 'ok' },
    finding: 'Old rows are removed after 120 days. No message is stored.',
  });
});
