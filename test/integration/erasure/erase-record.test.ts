import { expect, test } from 'vitest';
import { WHAT_STAYS } from '../../../src/erasure/erase-user.ts';
import { settleOne } from '../../../src/sync/settle-batch.ts';
import { makeObservedEntry } from '../../support/api-entry.ts';
import { readPage } from '../../support/markdown.ts';
import { ERASED_ID, useErasure } from '../../support/use-erasure.ts';

const PAGE = readPage('docs/deletion-requests.md');
const STAYING = PAGE.slice(PAGE.indexOf('## What stays'), PAGE.indexOf('## Questions'));
const RECORD = WHAT_STAYS.join('\n');

/** The columns that contain a text, as `table.column`. */
async function findColumns({ sql }: Awaited<ReturnType<typeof useErasure>>, text: string): Promise<string[]> {
  const tables = await sql<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'clerk'::regnamespace and relkind = 'r'`;
  const found = await Promise.all(
    tables.map(
      ({ name }) => sql<{ place: string }[]>`
        select distinct ${name} || '.' || key as place from ${sql(`clerk.${name}`)} t, jsonb_each_text(to_jsonb(t))
        where position(${text} in value) > 0`,
    ),
  );
  return found.flatMap((rows) => rows.map(({ place }) => place)).sort();
}

test('the record and the page name each table in which the id stays', async () => {
  const scene = await useErasure();
  const { sql, receive, erase, settle } = scene;
  await receive('msg_1', { first_name: 'Eve' });
  await receive('msg_bad', { banned: 'no' });
  await settleOne(settle, makeObservedEntry({ id: ERASED_ID, banned: 'no' }));
  await sql.unsafe(`
    insert into clerk.user_updates (user_id, action) values ('${ERASED_ID}', 'delete'), ('${ERASED_ID}', 'ban');
    insert into clerk.drift_acknowledgements (user_id, kind, note, acknowledged_at) values ('${ERASED_ID}', 'newer_here', '${ERASED_ID}', now());
    insert into clerk.admin_actions (actor, via, action, target, filter, note)
      values ('Grace', 'page', 'sync_user', '${ERASED_ID}', '{"userIds": ["${ERASED_ID}"]}', 'for ${ERASED_ID}');
    insert into clerk.replay_runs (run_id, filter, note, requested_by, letters, state, checkpoint_message_id, started_at, updated_at, error)
      values ('replay_1', '{"userIds": ["${ERASED_ID}"]}', 'for ${ERASED_ID}', 'Grace', 1, 'failed', 'api_${ERASED_ID}', now(), now(), 'at ${ERASED_ID}');
    insert into clerk.backfill_runs (run_id, state, checkpoint_user_id, started_at, updated_at, error)
      values ('backfill_1', 'failed', '${ERASED_ID}', now(), now(), 'at ${ERASED_ID}');
    insert into clerk.reconcile_runs (run_id, kind, state, started_at, error) values ('reconcile_1', 'full', 'failed', now(), 'at ${ERASED_ID}')`);
  await erase();
  await receive('msg_late', { first_name: 'Eve' });
  const columns = await findColumns(scene, ERASED_ID);
  expect(columns).toEqual([
    ...['admin_actions.filter', 'admin_actions.target', 'backfill_runs.checkpoint_user_id'],
    ...['dead_letters.message_id', 'dead_letters.user_id', 'replay_runs.checkpoint_message_id', 'replay_runs.filter'],
    ...['user_updates.user_id', 'users.id', 'webhook_messages.user_id'],
  ]);
  const tables = new Set(columns.map((column) => column.split('.')[0] ?? ''));
  expect([...tables].filter((table) => !RECORD.includes(table))).toEqual([]);
  expect([...tables].filter((table) => !STAYING.includes(`\`${table}\``))).toEqual([]);
});

test('the record and the page name each table with the name that an operator gave', async () => {
  const scene = await useErasure();
  await scene.sql.unsafe(`
    insert into clerk.admin_actions (actor, via, action) values ('Eve Jones', 'page', 'sync_user');
    insert into clerk.admin_sessions (session_id, role, actor, expires_at) values ('1', 'operator', 'Eve Jones', now());
    insert into clerk.replay_runs (run_id, filter, requested_by, stopped_by, letters, started_at, updated_at)
      values ('replay_1', '{}', 'Eve Jones', 'Eve Jones', 1, now(), now())`);
  await scene.receive('msg_1', { first_name: 'Eve', last_name: 'Jones' });
  await scene.erase();
  const columns = await findColumns(scene, 'Eve Jones');
  expect(columns).toEqual([
    ...['admin_actions.actor', 'admin_sessions.actor', 'replay_runs.requested_by', 'replay_runs.stopped_by'],
  ]);
  expect(columns.filter((column) => !STAYING.includes(`\`${column}\``))).toEqual([]);
  expect(columns.filter((column) => !RECORD.includes(column.split('.')[0] ?? ''))).toEqual([]);
});
