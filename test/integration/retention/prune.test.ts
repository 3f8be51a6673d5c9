import { expect, test } from 'vitest';
import { withAdvisoryLock } from '../../../src/db/advisory-lock.ts';
import { createPool } from '../../../src/db/pool.ts';
import { findWatermark } from '../../../src/reconcile/record-reconcile.ts';
import { countOld, prune } from '../../../src/retention/prune.ts';
import { settleOne } from '../../../src/sync/settle-batch.ts';
import { type TestDatabase, useTestDatabase } from '../../support/database.ts';
import { makeUserEntry } from '../../support/user-event.ts';

/** What is removed now, with the default of 120 days; each batch is in `batches`. */
async function pruneNow({ target }: Pick<TestDatabase, 'target'>, signal = new AbortController().signal) {
  const batches: [table: string, rows: number][] = [];
  const onRemoved = (table: string, rows: number) => void batches.push([table, rows]);
  return { removed: await prune({ target, days: 120, signal, onRemoved }), batches };
}

async function withPool<T>({ target }: TestDatabase, work: (pool: ReturnType<typeof createPool>) => Promise<T>) {
  const pool = createPool({ target, size: 1 });
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}

/** Rows by their names, with their ages in days. */
const seed = ({ sql }: TestDatabase) =>
  sql.unsafe(`
  insert into clerk.webhook_messages (message_id, event_at, received_at, outcome)
  select name, at, at, outcome from (values
    ('msg_old', 121, 'applied'), ('msg_ignored', 400, 'ignored'), ('msg_new', 119, 'applied'),
    ('msg_open', 300, 'dead_letter'), ('msg_queued', 300, 'dead_letter'), ('msg_replayed', 300, 'applied'),
    ('msg_discarded', 300, 'dead_letter'), ('msg_discarded_lately', 300, 'dead_letter')
  ) m (name, days, outcome), lateral (select now() - days * interval '1 day' as at) a;
  insert into clerk.dead_letters (message_id, origin, body, reason, error, state, first_failed_at, last_failed_at, resolved_at)
  select name, origin, '{}', 'invalid_shape', 'an error', state, failed, failed, now() - resolved * interval '1 day'
  from (values
    ('msg_open', 'webhook', 'open', null), ('msg_queued', 'webhook', 'queued', null), ('msg_replayed', 'webhook', 'replayed', 121),
    ('msg_discarded', 'webhook', 'discarded', 130), ('msg_discarded_lately', 'webhook', 'discarded', 119),
    ('api_user_1', 'backfill', 'replayed', 121), ('api_user_2', 'reconcile', 'discarded', 200)
  ) l (name, origin, state, resolved), lateral (select now() - interval '300 days' as failed) f;
  insert into clerk.user_updates (user_id, action) select 'user_' || n, 'ban' from generate_series(1, 5) n;
  update clerk.user_updates set created_at = now() - interval '200 days';
  update clerk.user_updates set state = 'succeeded', settled_at = now() - interval '121 days' where user_id in ('user_1', 'user_3');
  update clerk.user_updates set state = 'rejected', settled_at = now() - interval '119 days' where user_id = 'user_2';
  update clerk.user_updates set state = 'sending', created_at = now() where user_id = 'user_5';
  insert into clerk.admin_sessions (session_id, role, actor, expires_at)
  values ('expired', 'reader', 'Ada', now() - interval '1 s'), ('good', 'reader', 'Ada', now() + interval '1 h');
  insert into clerk.admin_actions (acted_at, actor, via, action)
  values (now() - interval '121 days', 'Ada', 'page', 'old'), (now() - interval '119 days', 'Ada', 'page', 'new');
  insert into clerk.users (id, observed_at, last_message_id, synced_at, deleted_at, stated_keys)
  values ('user_gone', now() - interval '900 days', 'msg', now(), now() - interval '900 days', 0);
`);

const readIds = async ({ sql }: TestDatabase) => {
  const [row] = await sql`
    select array(select message_id from clerk.webhook_messages order by 1) as messages,
      array(select message_id from clerk.dead_letters order by 1) as letters,
      array(select user_id from clerk.user_updates order by 1) as updates,
      array(select session_id from clerk.admin_sessions order by 1) as sessions,
      array(select action from clerk.admin_actions order by 1) as actions,
      array(select id from clerk.users order by 1) as users`;
  return row;
};

test('what is settled and older than the limit goes; what is open, newer, or a user stays', async () => {
  const database = await useTestDatabase();
  await seed(database);
  const expected = {
    ...{ dead_letters: 3, webhook_messages: 4, user_updates: 2, admin_sessions: 1, admin_actions: 1 },
  };
  const before = await readIds(database);
  expect(await withPool(database, (pool) => countOld(pool, 120))).toEqual(expected);
  expect(await readIds(database)).toEqual(before);
  expect((await pruneNow(database)).removed).toEqual(expected);
  expect(await readIds(database)).toEqual({
    messages: ['msg_discarded_lately', 'msg_new', 'msg_open', 'msg_queued'],
    // What came from the Backend API and was discarded would come again with the next reconcile.
    letters: ['api_user_2', 'msg_discarded_lately', 'msg_open', 'msg_queued'],
    updates: ['user_2', 'user_4', 'user_5'],
    sessions: ['good'],
    actions: ['new'],
    users: ['user_gone'],
  });
  expect(await pruneNow(database)).toEqual({ removed: {}, batches: [] });
});

test('of the runs, the newest of each kind and end stay, and those that run', async () => {
  const database = await useTestDatabase();
  const { sql } = database;
  await sql.unsafe(`
    insert into clerk.backfill_runs (run_id, state, started_at, updated_at, finished_at)
    select run_id, state, now() - days * interval '1 day', now() - days * interval '1 day', case state when 'finished' then now() end
    from (values ('b1', 'finished', 300), ('b2', 'finished', 200), ('b3', 'failed', 290), ('b4', 'failed', 280),
      ('b5', 'stopped', 270), ('b6', 'running', 260), ('b7', 'running', 250)) r (run_id, state, days);
    insert into clerk.replay_runs (run_id, state, filter, requested_by, letters, started_at, updated_at)
    select run_id, state, '{}', 'Ada', 1, now() - days * interval '1 day', now() - days * interval '1 day'
    from (values ('p1', 'finished', 300), ('p2', 'finished', 121), ('p3', 'running', 400), ('p4', 'stopped', 400)) r (run_id, state, days);
    insert into clerk.reconcile_runs (run_id, kind, state, instance_id, watermark_at, started_at)
    select run_id, kind, state, instance, case when watermark then now() - days * interval '1 day' end, now() - days * interval '1 day'
    from (values
      ('r01', 'full', 'finished', 'ins_1', true, 301), ('r02', 'full', 'finished', 'ins_1', true, 300),
      ('r03', 'full', 'finished', 'ins_2', true, 299), ('r04', 'full', 'finished', 'ins_1', false, 298),
      ('r05', 'full', 'finished', 'ins_1', false, 297), ('r06', 'incremental', 'stopped', 'ins_1', false, 296),
      ('r07', 'incremental', 'stopped', 'ins_1', false, 295), ('r08', 'incremental', 'failed', null, false, 294),
      ('r09', 'incremental', 'failed', null, false, 119), ('r10', 'incremental', 'running', null, false, 500)
    ) r (run_id, kind, state, instance, watermark, days);
  `);
  const readWatermark = () =>
    withPool(database, (pool) => pool.withTransaction((session) => findWatermark(session, 'ins_1')));
  const watermark = await readWatermark();
  expect((await pruneNow(database)).removed).toEqual({ backfill_runs: 2, reconcile_runs: 4, replay_runs: 1 });
  const [row] = await sql`
    select array(select run_id from clerk.backfill_runs order by 1) as backfills,
      array(select run_id from clerk.reconcile_runs order by 1) as reconciles,
      array(select run_id from clerk.replay_runs order by 1) as replays`;
  expect(row).toEqual({
    backfills: ['b2', 'b4', 'b5', 'b6', 'b7'],
    reconciles: ['r02', 'r03', 'r05', 'r07', 'r09', 'r10'],
    replays: ['p2', 'p3', 'p4'],
  });
  expect(watermark).toBeDefined();
  expect(await readWatermark()).toEqual(watermark);
});

test('a large ledger is walked in batches by its index, past the rows that stay', async () => {
  const database = await useTestDatabase();
  const { sql } = database;
  await sql.unsafe(`
    insert into clerk.webhook_messages (message_id, event_at, received_at, outcome)
    select 'msg_' || n, at, at, 'applied'
    from generate_series(1, 3500) n, lateral (select now() - interval '200 days' + (n / 3) * interval '1 ms' as at) a;
    insert into clerk.dead_letters (message_id, body, reason, error, first_failed_at, last_failed_at)
    select 'msg_' || n, '{}', 'invalid_shape', 'an error', now(), now() from generate_series(1, 1200) n;
  `);
  const { removed, batches } = await pruneNow(database);
  expect(removed).toEqual({ webhook_messages: 2300 });
  expect(batches.map(([, rows]) => rows)).toEqual([800, 1000, 500]);
  expect(await sql`select from clerk.webhook_messages`).toHaveLength(1200);
});

test('a walk over user updates ends at the first one that is new', async () => {
  const database = await useTestDatabase();
  const { sql } = database;
  await sql.unsafe(`
    set session_replication_role = replica;
    insert into clerk.user_updates (id, user_id, action, state, created_at, settled_at) overriding system value
    select n, 'user_' || n, 'ban', case n % 2 when 0 then 'succeeded' else 'pending' end, at, at
    from generate_series(1, 4000) n, lateral (select now() - case when n <= 1500 then interval '200 days' else interval '1 day' end as at) a;
    reset session_replication_role;
  `);
  expect(await pruneNow(database)).toEqual({
    removed: { user_updates: 750 },
    batches: [
      ['user_updates', 500],
      ['user_updates', 250],
    ],
  });
});

test('a message that is removed and comes again changes nothing', async () => {
  const database = await useTestDatabase();
  const { sql } = database;
  await withPool(database, async (pool) => {
    const settle = { pool, deletedUsers: 'erase' } as const;
    const events = [
      makeUserEntry({ messageId: 'msg_1', userId: 'user_1', mark: 'a' }),
      makeUserEntry({ messageId: 'msg_2', userId: 'user_1', mark: 'b', at: 1 }),
      makeUserEntry({ messageId: 'msg_3', userId: 'user_2', type: 'user.deleted' }),
    ];
    for (const event of events) await settleOne(settle, event);
    await sql`update clerk.webhook_messages set received_at = now() - interval '121 days'`;
    expect((await pruneNow(database)).removed).toEqual({ webhook_messages: 3 });
    const read = async () => [
      await sql`select * from clerk.users order by id`,
      await sql`select * from clerk.email_addresses`,
    ];
    const before = await read();
    const outcomes: string[] = [];
    for (const event of events) outcomes.push((await settleOne(settle, event)).outcome);
    expect(outcomes).toEqual(['stale', 'stale', 'stale']);
    expect(await read()).toEqual(before);
  });
});

test('one process at a time removes; a signal ends it after a batch', async () => {
  const database = await useTestDatabase();
  const { sql, target } = database;
  await sql.unsafe(`
    insert into clerk.webhook_messages (message_id, event_at, received_at, outcome)
    select 'msg_' || n, now(), now() - interval '200 days', 'applied' from generate_series(1, 3000) n`);
  const busy = await withAdvisoryLock({ target, name: 'retention' }, () => pruneNow(database));
  expect(busy).toEqual({ held: true, result: { removed: undefined, batches: [] } });
  const stopping = new AbortController();
  const onRemoved = () => stopping.abort();
  expect(await prune({ target, days: 120, signal: stopping.signal, onRemoved })).toEqual({ webhook_messages: 1000 });
  expect((await pruneNow(database)).removed).toEqual({ webhook_messages: 2000 });
});
