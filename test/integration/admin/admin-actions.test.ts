import { expect, test } from 'vitest';
import { type ActionContext, createActions } from '../../../src/admin/actions/actions.ts';
import { useAdmin } from '../../support/use-admin.ts';

/** The context of a request that somebody made. */
function makeContext(): ActionContext {
  const values: Record<string, unknown> = {
    viewer: { role: 'operator', actor: 'Ada', via: 'page' },
    requestId: 'req-7',
  };
  return { get: (name: string) => values[name] } as unknown as ActionContext;
}

const recorded = {
  ...{ id: '1', acted_at: expect.any(Date), actor: 'Ada', via: 'page', action: 'discard_dead_letter', target: 'msg_1' },
  ...{ filter: null, affected: null, note: 'a test', request_id: 'req-7' },
};
const action = { action: 'discard_dead_letter', target: 'msg_1', note: 'a test' } as const;

test('an action and its record are kept together, or neither', async () => {
  const { pool, sql } = await useAdmin();
  const { inTransaction } = createActions(pool);
  const forget = (id: string) => `insert into clerk.admin_sessions values ('${id}', 'reader', 'x', now(), now())`;
  await inTransaction(
    makeContext(),
    (session) => session.run(forget('one')),
    () => action,
  );
  await expect(
    inTransaction(
      makeContext(),
      async (session) => {
        await session.run(forget('two'));
        throw new Error('It failed.');
      },
      () => action,
    ),
  ).rejects.toThrow('It failed.');
  await inTransaction(
    makeContext(),
    (session) => session.run(forget('three')),
    () => undefined,
  );
  expect([...(await sql`select * from clerk.admin_actions`)]).toEqual([recorded]);
  expect((await sql`select session_id from clerk.admin_sessions order by 1`).map((row) => row.session_id)).toEqual([
    'one',
    'three',
  ]);
});

test('an action with transactions of its own is recorded before it begins', async () => {
  const { pool, sql } = await useAdmin();
  const { recordFirst } = createActions(pool);
  const filter = { reasons: ['refused'], big: 7 };
  const seen = await recordFirst(makeContext(), { ...action, filter, affected: 12 }, async () => [
    ...(await sql`select * from clerk.admin_actions`),
  ]);
  expect(seen).toEqual([{ ...recorded, filter, affected: '12' }]);
});

test('the page lists actions, the latest first, and page by page', async () => {
  const { visit, signIn, sql } = await useAdmin();
  await signIn();
  await sql`insert into clerk.admin_actions (actor, via, action, target)
    select 'Ada <script>', 'api', 'sync_user', 'user_' || n from generate_series(1, 60) n`;
  const readTargets = async (url: string) => {
    const text = await (await visit(url)).text();
    expect(text).not.toContain('<script>');
    return {
      targets: [...text.matchAll(/user_\d+/g)].map(([id]) => id),
      older: /href="\.(\/actions\?before=\d+)"/.exec(text)?.[1],
    };
  };
  const first = await readTargets('/actions');
  expect([first.targets.length, first.targets[0], first.older]).toEqual([50, 'user_60', '/actions?before=11']);
  const second = await readTargets(first.older ?? '');
  expect([second.targets.length, second.targets[0], second.older]).toEqual([10, 'user_10', undefined]);
});
