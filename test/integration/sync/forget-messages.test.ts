import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { createReceiver } from '../../../src/sync/receive.ts';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { makeSecret } from '../../support/signed-request.ts';

const created = (id: string, more: object = {}) => ({
  type: 'user.created',
  timestamp: 1_700_000_000_000,
  data: { id, first_name: 'Ada', updated_at: 1_700_000_000_000, ...more },
});

const EVENTS = {
  msg_1: created('user_1'),
  msg_2: created('user_2'),
  msg_gone: { type: 'user.deleted', timestamp: 1_700_000_001_000, data: { id: 'user_gone', deleted: true } },
  msg_bad: created('user_bad', { banned: 'maybe' }),
};

/** A database that has settled the events, one a day from the first of January on. */
async function useLedger() {
  const { target, url, sql } = await useTestDatabase();
  const pool = createPool({ target, size: 2 });
  onTestFinished(() => pool.close());
  const { receive } = createReceiver({ pool, deletedUsers: 'erase' });
  const deliver = async (messageId: keyof typeof EVENTS, event: object = EVENTS[messageId], day = 1) => {
    const at = new Date(Date.UTC(2026, 0, day));
    return (await receive({ messageId, signedAt: at, receivedAt: at, body: JSON.stringify(event) })).outcome;
  };
  const ids = Object.keys(EVENTS) as (keyof typeof EVENTS)[];
  for (const [place, id] of ids.entries()) await deliver(id, EVENTS[id], place + 1);
  const env = { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() };
  return { sql, deliver, run: (...args: string[]) => callCli(['forget-messages', ...args], { env }) };
}

test('after the users were removed by hand, a resend is a duplicate until its message is forgotten', async () => {
  const { sql, deliver, run } = await useLedger();
  await sql`truncate clerk.users cascade`;
  expect(await deliver('msg_1')).toBe('duplicate');
  expect(await run('--all', '--dry-run')).toEqual({
    exitCode: 0,
    stdout: '3 messages would be forgotten (3 applied). This was a dry run: nothing was changed.\n',
    stderr: '',
  });
  expect(await deliver('msg_1')).toBe('duplicate');
  expect(await run('--all')).toEqual({
    exitCode: 0,
    stdout: '3 messages forgotten (3 applied). If Clerk sends one of them again, it is applied again.\n',
    stderr: '',
  });
  expect([await deliver('msg_1'), await deliver('msg_2'), await deliver('msg_gone')]).toEqual([
    'applied',
    'applied',
    'applied',
  ]);
  expect([
    ...(await sql`select id, first_name, deleted_at is not null as deleted from clerk.users order by id`),
  ]).toEqual([
    { id: 'user_1', first_name: 'Ada', deleted: false },
    { id: 'user_2', first_name: 'Ada', deleted: false },
    { id: 'user_gone', first_name: null, deleted: true },
  ]);
});

test('what is here stays: an older state is stale, and a deleted user stays deleted', async () => {
  const { sql, deliver, run } = await useLedger();
  await sql`update clerk.users set first_name = 'Newer', updated_at = now() where id = 'user_1'`;
  await run('--all');
  const outcomes = [await deliver('msg_1'), await deliver('msg_2'), await deliver('msg_gone', created('user_gone'))];
  expect(outcomes).toEqual(['stale', 'stale', 'stale']);
  expect([...(await sql`select id, first_name from clerk.users order by id`)]).toEqual([
    { id: 'user_1', first_name: 'Newer' },
    { id: 'user_2', first_name: 'Ada' },
    { id: 'user_gone', first_name: null },
  ]);
});

test.each([
  { given: ['msg_2', 'msg_unknown'], left: ['msg_1', 'msg_bad', 'msg_gone'] },
  { given: ['--user', 'user_1'], left: ['msg_2', 'msg_bad', 'msg_gone'] },
  { given: ['--since', '2026-01-02T00:00:00Z'], left: ['msg_1', 'msg_bad'] },
  { given: ['--until', '2026-01-02T00:00:00Z'], left: ['msg_2', 'msg_bad', 'msg_gone'] },
  { given: ['--user', 'user_1', '--since', '2026-01-02T00:00:00Z'], left: ['msg_1', 'msg_2', 'msg_bad', 'msg_gone'] },
])('$given forgets those messages, and never a dead letter', async ({ given, left }) => {
  const { sql, run } = await useLedger();
  const { exitCode, stdout } = await run(...given, '--json');
  const count = 4 - left.length;
  expect([exitCode, JSON.parse(stdout)]).toEqual([
    0,
    { dry_run: false, outcomes: count === 0 ? {} : { applied: count } },
  ]);
  const rows = await sql`select message_id from clerk.webhook_messages order by message_id = 'msg_gone', message_id`;
  expect(rows.map((row) => row.message_id)).toEqual(left);
});

test('says so where nothing matches', async () => {
  const { run } = await useLedger();
  expect(await run('msg_unknown')).toEqual({ exitCode: 0, stdout: 'No messages match.\n', stderr: '' });
});

test.each([[], ['--all', 'msg_1'], ['--all', '--since', '1d']])(
  '%j is a usage error, and changes nothing',
  async (...given) => {
    const { sql, run } = await useLedger();
    expect((await run(...given.filter(Boolean))).exitCode).toBe(2);
    expect(await sql`select count(*)::int as messages from clerk.webhook_messages`).toEqual([{ messages: 4 }]);
  },
);
