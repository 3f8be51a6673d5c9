import { describe, expect, test } from 'vitest';
import { isPage, listCursors, makeApiUsers, runRow, useBackfill } from '../../support/backfill.ts';
import { dumpTables } from '../../support/database-dump.ts';
import { type ApiUserJson, makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { readFixture, useWebhooks } from '../../support/webhooks.ts';

/** What a walk writes otherwise than a webhook: when and by what a user was seen. */
const OBSERVATION = ['synced_at', 'received_at', 'observed_at', 'last_message_id'];

const FIXTURES = [
  '01-created-clerk-docs-2022-birthday-gender',
  '03-updated-openapi-example-mfa',
  '12-created-2024-05-google-username-no-enterprise',
  '14-updated-2025-09-google-linked-new-shape',
  '19-created-2026-01-google-newest-shape',
  '40-created-minimal-hookdeck',
  '50-created-phone-only',
  '51-created-web3-only-metamask',
  '53-updated-two-passkeys-totp-backup-codes',
  '54-created-saml-in-both-saml-and-enterprise-lists',
  '55-created-enterprise-oidc-only',
  '56-created-facebook-old-shape',
  '60-updated-two-unfinished-apple-links-empty-provider-id',
  '62-seqB-2-updated-scim-deprovisioned',
  '66-created-username-only-imported',
];

test('every kind of user becomes the rows that his webhook would have made', async () => {
  const events = FIXTURES.map((name) => JSON.parse(readFixture(name)));
  const users: ApiUserJson[] = [...events.map(({ data }) => data), ...makeApiUsers(3)];
  const { clerk, sql, run } = await useBackfill({ users, pageSize: 4 });
  const byWebhook = await useWebhooks();
  // What an answer of the API leaves out is null or false there.
  const unsaid = {
    ...{ create_organizations_limit: null, locale: null, password_last_updated_at: null },
    ...{ deprovisioned: false, bypass_client_trust: false },
  };
  for (const user of users) {
    const data = { ...unsaid, ...user };
    const event = { object: 'event', type: 'user.updated', timestamp: Date.now(), instance_id: clerk.instanceId, data };
    expect(await byWebhook.sendEvent(event)).toBe('applied');
  }
  const report = await run();
  expect(report).toMatchObject({ end: 'finished', resumed: false, usersHere: users.length });
  const [here, there] = await Promise.all([
    dumpTables(sql, { omit: OBSERVATION }),
    dumpTables(byWebhook.sql, { omit: OBSERVATION }),
  ]);
  const { backfill_runs: runs } = here;
  expect({ ...here, backfill_runs: [] }).toEqual({ ...there, webhook_messages: [], backfill_runs: [] });
  expect(runs).toEqual([
    runRow({
      ...{ state: 'finished', finished_at: expect.any(String), instance_id: clerk.instanceId },
      ...{ pages: 5, users_read: 18, applied: 18, expected_users: 18, checkpoint_user_id: report.run.position?.userId },
    }),
  ]);
});

test('the time of a page is the time before its request, and the run is what wrote it', async () => {
  const { clerk, sql, run } = await useBackfill({ users: makeApiUsers(3), pageSize: 2 });
  clerk.intercept(() => ({ kind: 'slow', ms: 20 }));
  const before = Date.now();
  const { run: row } = await run();
  const pages = clerk.requests.filter(isPage);
  const users = await sql`select last_message_id, observed_at from clerk.users order by id`;
  expect(users.map(({ last_message_id }) => last_message_id)).toEqual([row.runId, row.runId, row.runId]);
  const [first, second, third] = users.map(({ observed_at }) => observed_at.getTime());
  expect(first).toBe(second);
  expect(first).toBeGreaterThanOrEqual(before);
  expect(first).toBeLessThanOrEqual(pages[0]?.at ?? 0);
  expect(third).toBeLessThanOrEqual(pages[1]?.at ?? 0);
  expect(third).toBeGreaterThan(first);
});

test('an instance without users is a finished run', async () => {
  const { sql, run } = await useBackfill();
  expect(await run()).toMatchObject({ end: 'finished', usersHere: 0, run: { position: undefined, usersRead: 0 } });
  expect(await sql`select state, pages, checkpoint_user_id from clerk.backfill_runs`).toEqual([
    { state: 'finished', pages: 1, checkpoint_user_id: null },
  ]);
});

test('what is here already and newer stays, a deleted user stays deleted, and both count as stale', async () => {
  const users = makeApiUsers(3);
  const { clerk, sql, run } = await useBackfill({ users });
  await run();
  await sql`update clerk.users set first_name = 'Newer', updated_at = '2100-01-01' where id = ${makeUserId(0)}`;
  await sql`update clerk.users set deleted_at = now(), first_name = null where id = ${makeUserId(1)}`;
  expect((await run()).run).toMatchObject({ usersRead: 3, applied: 1, stale: 2, deadLetters: 0 });
  expect(await sql`select first_name, deleted_at is null as lives from clerk.users order by id`).toEqual([
    { first_name: 'Newer', lives: true },
    { first_name: null, lives: false },
    { first_name: clerk.users.get(makeUserId(2))?.first_name, lives: true },
  ]);
});

describe('a user who cannot be applied', () => {
  const broken = [
    { how: 'of another shape', user: makeApiUser(1, { banned: 'perhaps' }), reason: 'invalid_shape' },
    { how: 'whom Postgres refuses', user: makeApiUser(1, { first_name: 'refused' }), reason: 'rejected_by_database' },
  ];

  test.each(broken)('$how becomes a dead letter and costs nobody else anything', async ({ user, reason }) => {
    const users = [makeApiUser(0), user, ...makeApiUsers(5).slice(2)];
    const { clerk, sql, run } = await useBackfill({ users, pageSize: 3 });
    await sql`alter table clerk.users add constraint refuse check (first_name <> 'refused')`;
    const first = await run();
    expect(first.run).toMatchObject({ usersRead: 5, applied: 4, deadLetters: 1, state: 'finished' });
    expect(await readLetters(sql)).toEqual([
      {
        message_id: `api_${user.id}`,
        ...{ origin: 'backfill', event_type: null, user_id: user.id, instance_id: clerk.instanceId, reason },
        ...{ run_id: first.run.runId, state: 'open', attempts: 1, resolution: null },
      },
    ]);
    expect(await sql`select id from clerk.users order by id`).toEqual(
      users.filter(({ id }) => id !== user.id).map(({ id }) => ({ id })),
    );
    const second = await run();
    expect(await readLetters(sql)).toMatchObject([{ run_id: second.run.runId, state: 'open', attempts: 2 }]);
    clerk.setUser(makeApiUser(1));
    expect((await run()).run).toMatchObject({ applied: 5, deadLetters: 0 });
    expect(await readLetters(sql)).toMatchObject([{ state: 'replayed', resolution: 'applied', attempts: 2 }]);
    expect(await sql`select count(*)::int as users from clerk.users`).toEqual([{ users: 5 }]);
  });

  test('and has no id is kept under its own text, and the walk goes on behind the others', async () => {
    const users = makeApiUsers(4);
    const { clerk, sql, run } = await useBackfill({ users, pageSize: 2 });
    clerk.intercept((request) => {
      if (!isPage(request) || request.query.starting_after !== undefined) return;
      const { id: _id, ...nameless } = users[1] as ApiUserJson;
      return { kind: 'body', text: JSON.stringify([users[0], nameless]) };
    });
    const report = await run();
    expect(report).toMatchObject({ end: 'finished', run: { usersRead: 5, applied: 4, deadLetters: 1 } });
    expect(listCursors(clerk)).toEqual([null, makeUserId(0), makeUserId(2)]);
    expect(await readLetters(sql)).toMatchObject([
      { message_id: expect.stringMatching(/^api_[0-9a-f]{16}$/), reason: 'missing_user_id', user_id: null },
    ]);
  });
});

async function readLetters(sql: Awaited<ReturnType<typeof useBackfill>>['sql']) {
  return sql`
    select message_id, origin, event_type, user_id, instance_id, reason, details ->> 'run_id' as run_id, state, attempts,
      resolution
    from clerk.dead_letters`;
}
