import { pino } from 'pino';
import { expect, test } from 'vitest';
import { withAdvisoryLock } from '../../../src/db/advisory-lock.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { scheduleRetention } from '../../../src/service/schedule-retention.ts';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';

async function useLedger() {
  const { sql, url, target } = await useTestDatabase();
  await sql`
    insert into clerk.webhook_messages (message_id, event_at, received_at, outcome)
    select 'msg_' || n, now(), now() - n * interval '50 days', 'applied' from generate_series(1, 4) n`;
  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    callCli(['prune', ...args], { env: { DATABASE_URL: url, ...env } });
  const readIds = async () =>
    (await sql`select message_id from clerk.webhook_messages order by 1`).map((row) => row.message_id);
  return { sql, url, target, run, readIds };
}

test('counts what would go, removes it, and says so', async () => {
  const { run, readIds } = await useLedger();
  const table = `table             rows
webhook_messages     2
`;
  expect(await run(['--dry-run'])).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `${table}\n2 rows older than 120 days would be removed. This was a dry run: nothing was changed.\n`,
  });
  expect(await readIds()).toHaveLength(4);
  expect(await run([])).toEqual({ exitCode: 0, stderr: '', stdout: `${table}\n2 rows older than 120 days removed.\n` });
  expect(await readIds()).toEqual(['msg_1', 'msg_2']);
  expect((await run([])).stdout).toBe('No removable row is older than 120 days.\n');
  expect(JSON.parse((await run(['--json'], { RETENTION_DAYS: '60' })).stdout)).toEqual({
    ...{ dry_run: false, retention_days: 60, is_busy: false, removed: { webhook_messages: 1 } },
  });
});

test('removes nothing if retention is off, or while another process is at it', async () => {
  const { run, readIds, target } = await useLedger();
  expect(await run([], { RETENTION_DAYS: 'off' })).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: 'RETENTION_DAYS is off, so nothing is removed.\n',
  });
  expect(await withAdvisoryLock({ target, name: 'retention' }, () => run([]))).toEqual({
    held: true,
    result: {
      exitCode: 3,
      stderr: '',
      stdout: 'Another process is removing old rows now. Nothing was done here.\n',
    },
  });
  expect(await readIds()).toHaveLength(4);
});

/** A schedule with short pauses, and what it has said and counted. */
async function useSchedule(days: number, change: (url: string) => string = (url) => url) {
  const ledger = await useLedger();
  const lines: Record<string, unknown>[] = [];
  const counted: [table: string, rows: number][] = [];
  const schedule = scheduleRetention({
    ...{ target: parseDatabaseUrl(change(ledger.url)), days, pauses: { firstMs: 1, everyMs: 20 } },
    logger: pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    metrics: { recordRemoved: (table, rows) => void counted.push([table, rows]) },
  });
  const stop = () => {
    schedule.stop();
    return schedule.ended;
  };
  return { ...ledger, lines, counted, stop };
}

test('the service removes what is old again and again, counts it, and stops in order', async () => {
  const { sql, lines, counted, readIds, stop } = await useSchedule(120);
  await expect.poll(() => lines, { timeout: 20_000 }).toHaveLength(1);
  await sql`update clerk.webhook_messages set received_at = now() - interval '121 days' where message_id = 'msg_2'`;
  await expect.poll(() => lines, { timeout: 20_000 }).toHaveLength(2);
  await stop();
  expect({ lines, counted, ids: await readIds() }).toEqual({
    lines: [
      { level: 30, days: 120, removed: { webhook_messages: 2 }, msg: 'old rows removed' },
      { level: 30, days: 120, removed: { webhook_messages: 1 }, msg: 'old rows removed' },
    ],
    counted: [
      ['webhook_messages', 2],
      ['webhook_messages', 1],
    ],
    ids: ['msg_1'],
  });
});

test('says once what a short time means, and goes on when the database can not be reached', async () => {
  const { lines, readIds, stop } = await useSchedule(90, (url) => url.replace(/:\d+\//, ':1/'));
  await expect.poll(() => lines.length, { timeout: 20_000 }).toBeGreaterThan(2);
  await stop();
  expect(lines[0]).toEqual({
    level: 40,
    days: 90,
    msg: 'RETENTION_DAYS is below 91: an event that Clerk sends again after that time is not a duplicate, and is applied or found stale. The rows of users stay right.',
  });
  expect(new Set(lines.slice(1).map(({ msg }) => msg))).toEqual(
    new Set(['old rows could not be removed; the next try is in an hour']),
  );
  expect(await readIds()).toHaveLength(4);
});
