import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { migrate } from '../../../src/db/migrations/migrate.ts';
import { createPool } from '../../../src/db/pool.ts';
import { parseDatabaseUrl } from '../../../src/db/target/parse-database-url.ts';
import { discardDeadLetter } from '../../../src/dead-letters/discard-dead-letter.ts';
import { createReceiver } from '../../../src/sync/receive.ts';
import { useTestDatabase } from '../../support/database.ts';
import { dumpTables } from '../../support/database-dump.ts';
import { grantRole, useRole } from '../../support/database-role.ts';
import { findQueries, readPage } from '../../support/markdown.ts';
import { createReadmeEvents, type ReadmeEvent } from '../../support/readme-users.ts';

// Every statement of docs/operations.md, taken from its text, on rows that came as webhooks; those about runs are in
// readme-queries-runs.test.ts.

const queries = findQueries(readPage('docs/operations.md'));
const REASONS = 'Open dead letters by reason';
const QUEUE = 'Queue all letters of one cause';
const CANCEL_RUNS = 'Cancel the replay runs that are running';
const SIZES = 'How large each table is, with its indexes';
const FIND_BODIES = 'Dead letters without a user whose body has an id or an address';
const ERASE = 'Erase the users who were deleted while DELETED_USERS was retain';
const SERVICE_ROLE = 'The service, where another role migrates';
const OWNER_ROLE = 'An application that has tables which refer to users, and triggers on them';

test('each statement of the page has its test', () => {
  expect(queries.map(({ caption }) => caption)).toEqual([
    ...[
      REASONS,
      QUEUE,
      'The latest replay runs',
      CANCEL_RUNS,
      'The latest backfills',
      'The latest reconciles, and what they found',
      SIZES,
      FIND_BODIES,
      ERASE,
      SERVICE_ROLE,
      OWNER_ROLE,
    ],
  ]);
});

test('the overview counts open dead letters by reason', async () => {
  const { sql } = await useUsersAndLetters();
  expect([...(await sql.unsafe(find(REASONS)))]).toEqual([
    { reason: 'invalid_shape', path: 'data.banned', origin: 'webhook', letters: 1, oldest: expect.any(Date) },
    { reason: 'invalid_shape', path: 'data.locked', origin: 'webhook', letters: 1, oldest: expect.any(Date) },
    { reason: 'missing_user_id', path: 'data.id', origin: 'webhook', letters: 1, oldest: expect.any(Date) },
  ]);
});

test('one statement queues the open letters of a cause', async () => {
  const { sql } = await useUsersAndLetters();
  await sql`update clerk.dead_letters set reason = 'rejected_by_database', path = 'users' where path <> 'data.id'`;
  await sql`update clerk.dead_letters set state = 'discarded' where message_id = (select min(message_id) from clerk.dead_letters)`;
  await sql.unsafe(find(QUEUE));
  expect([...(await sql`select path, state from clerk.dead_letters order by 1, 2`)]).toEqual([
    { path: 'data.id', state: 'open' },
    { path: 'users', state: 'discarded' },
    { path: 'users', state: 'queued' },
  ]);
});

test('statements show and cancel replay runs', async () => {
  const { sql } = await useUsersAndLetters();
  for (const [runId, state] of [
    ['replay_a', 'finished'],
    ['replay_b', 'running'],
  ] as const) {
    await sql`insert into clerk.replay_runs (run_id, state, filter, note, requested_by, letters, applied, dead_letters, started_at, updated_at)
      values (${runId}, ${state}, '{}', 'fixed', 'ada', 5, 3, 1, now(), now())`;
  }
  await sql.unsafe(find(CANCEL_RUNS));
  const run = {
    requested_by: 'ada',
    note: 'fixed',
    letters: '5',
    tried: '4',
    applied: '3',
    dead_letters: '1',
    error: null,
  };
  expect([...(await sql.unsafe(find('The latest replay runs')))]).toEqual([
    { run_id: 'replay_b', state: 'stopped', ...run },
    { run_id: 'replay_a', state: 'finished', ...run },
  ]);
});

test('the sizes are those of all tables', async () => {
  const { sql, dump } = await useUsersAndLetters();
  const rows = await sql.unsafe<{ table_name: string; size: string }[]>(find(SIZES));
  expect(new Set(rows.map((row) => row.table_name))).toEqual(
    new Set([...Object.keys(await dump()), 'processes', 'migrations']),
  );
  expect(rows.every(({ size }) => /^\d+ (bytes|kB)$/.test(size))).toBe(true);
});

test('letters that name no user are found by what their body says', async () => {
  const { sql } = await useUsersAndLetters();
  expect([...(await sql.unsafe(find(FIND_BODIES)))]).toEqual([
    { message_id: 'msg_letter_3', reason: 'missing_user_id', state: 'open', first_failed_at: expect.any(Date) },
  ]);
});

test('erasing tombstones afterwards leaves what erasing at once would have left', async () => {
  const erased = await useUsersAndLetters({ deletedUsers: 'erase' });
  const retained = await useUsersAndLetters({ deletedUsers: 'retain', nowMs: erased.nowMs });
  const { users } = await erased.dump();
  expect((await retained.dump()).users).not.toEqual(users);

  await retained.sql.unsafe(find(ERASE));
  expect((await retained.dump()).users).toEqual(users);
});

test('the role of a service that does not migrate can settle every kind of event, and make no table', async () => {
  const role = useRole();
  const { sql, url } = await useUsersAndLetters();
  const asService = await grantRole(sql, url, find(SERVICE_ROLE).replaceAll('clerk_sync_service', role), role);

  expect(await migrate(parseDatabaseUrl(asService))).toEqual({ applied: [] });
  const { pool, send } = useService(asService);
  const later = createReadmeEvents(Date.now() + 60_000).events.map(({ body }) => ({ messageId: newId(), body }));
  expect(await send(later)).toEqual([
    ...['stale', 'applied', 'applied', 'applied', 'applied', 'stale', 'stale', 'ignored', 'stale'],
  ]);
  expect(await send([{ messageId: newId(), body: '{"type": "user.updated"}' }])).toEqual(['dead_letter']);
  const create = pool.withTransaction((session) => session.run('create table clerk.mine ()'));
  await expect(create).rejects.toMatchObject({ cause: { code: '42501' } });
});

test('the role that owns tables of an application can refer to users and react to them, and read none', async () => {
  const role = useRole();
  const { sql, url, send } = await useUsersAndLetters();
  await sql.unsafe(`create role ${role}; create schema app authorization ${role}`);
  const asOwner = await grantRole(sql, url, find(OWNER_ROLE).replaceAll('clerk_sync_owner', role), role);
  const { pool } = useService(asOwner);
  const run = (statement: string) => pool.withTransaction((session) => session.run(statement));

  await run('create table app.seen (user_id text references clerk.users (id))');
  await run(`create function app.see() returns trigger language plpgsql security definer as $$
    begin insert into app.seen values (new.id); return null; end $$`);
  await run(`create constraint trigger see after insert or update on clerk.users
    deferrable initially deferred for each row execute function app.see()`);
  await send([{ messageId: newId(), body: '{"type": "user.updated", "data": {"id": "user_new"}}' }]);
  expect([...(await run('select user_id from app.seen'))]).toEqual([{ user_id: 'user_new' }]);
  await expect(run('select from clerk.users')).rejects.toMatchObject({ cause: { code: '42501' } });
});

test('with the URL that docs/deploying.md has for an old PgBouncer no statement stays prepared, and all works as without', async () => {
  const { url } = await useTestDatabase();
  const [, parameters = ''] = /^DATABASE_URL=postgres:\S*(\?\S+)$/m.exec(readPage('docs/deploying.md')) ?? [];
  const { events } = createReadmeEvents(Date.now());
  const countPrepared = async (service: ReturnType<typeof useService>) => {
    const outcomes = await service.send(events.map(({ body }) => ({ messageId: newId(), body })));
    const [row] = await service.pool.withTransaction((session) =>
      session.run<{ prepared: number }>('select count(*)::integer as prepared from pg_prepared_statements'),
    );
    return { settled: outcomes.length, prepared: row?.prepared };
  };

  expect(await countPrepared(useService(url + parameters))).toEqual({ settled: events.length, prepared: 0 });
  expect((await countPrepared(useService(url))).prepared).toBeGreaterThan(3);
});

function find(caption: string): string {
  const query = queries.find((one) => one.caption === caption);
  if (query === undefined) throw new Error(`docs/operations.md has no statement "${caption}".`);
  return query.sql;
}

/** Letters about Bob, about nobody known by id, and about nobody at all. */
const LETTERS: readonly ReadmeEvent[] = [
  { messageId: 'msg_letter_1', body: '{"type": "user.updated", "data": {"id": "user_bob", "banned": "maybe"}}' },
  { messageId: 'msg_letter_2', body: '{"type": "user.updated", "data": {"id": "user_new", "locked": 1}}' },
  {
    messageId: 'msg_letter_3',
    body: '{"type": "user.deleted", "data": {"email_addresses": [{"email_address": "eve@example.com"}]}}',
  },
];

async function useUsersAndLetters({ deletedUsers = 'erase', nowMs = Date.now() }: UsersOptions = {}) {
  const { sql, url } = await useTestDatabase();
  const { pool, send } = useService(url, deletedUsers);
  const { events } = createReadmeEvents(nowMs);
  await send([...events, ...LETTERS]);
  return {
    ...{ sql, url, send, events, nowMs },
    dump: () => dumpTables(sql, { omit: ['synced_at', 'received_at'] }),
    discard: (id: string) => pool.withTransaction((session) => discardDeadLetter(session, id, 'erased')),
  };
}

interface UsersOptions {
  readonly deletedUsers?: 'erase' | 'retain';
  readonly nowMs?: number;
}

/** The write path on a database; `send` gives one event after the other to it and resolves with the outcomes. */
function useService(url: string, deletedUsers: 'erase' | 'retain' = 'erase') {
  const pool = createPool({ target: parseDatabaseUrl(url), size: 1 });
  onTestFinished(() => pool.close());
  const receiver = createReceiver({ pool, deletedUsers });
  const send = async (events: readonly ReadmeEvent[]) => {
    const outcomes: string[] = [];
    for (const event of events) {
      const now = new Date();
      const { outcome } = await receiver.receive({ ...event, signedAt: now, receivedAt: now });
      outcomes.push(outcome);
    }
    return outcomes;
  };
  return { pool, send };
}

function newId(): string {
  return `msg_${randomBytes(8).toString('hex')}`;
}
