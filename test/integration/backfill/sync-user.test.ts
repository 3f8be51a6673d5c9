import { describe, expect, test } from 'vitest';
import { at, stated, tables } from '../../support/expected-rows.ts';
import { FIRST_CREATED_MS, makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { LATER, LONG_AGO, makeSmallUser, SYNC_RUN, useUserSync } from '../../support/user-sync.ts';

const OTHER = 'ins_another';
const USER = makeUserId(1);

function makeRow(row: Record<string, unknown>) {
  return { deleted: false, emails: 2, last_message_id: SYNC_RUN, ...row };
}

describe('a user whom Clerk has', () => {
  test('is here afterwards, with every row', async () => {
    const { clerk, sync, dump } = await useUserSync();
    const before = new Date().toISOString();
    const email = { id: 'idn_1', email_address: 'ada@example.com', verification: null };
    clerk.setUser(makeSmallUser('user_1', { first_name: 'Ada', email_addresses: [email], shoe_size: 41 }));
    expect(await sync('user_1')).toEqual({ userId: 'user_1', outcome: 'applied' });
    const rows = await dump();
    expect(rows).toEqual(
      tables({
        users: [
          {
            ...{ id: 'user_1', instance_id: clerk.instanceId, first_name: 'Ada', extra: { shoe_size: 41 } },
            ...{ created_at: at(FIRST_CREATED_MS), updated_at: at(FIRST_CREATED_MS) },
            ...{ observed_at: expect.any(String), last_message_id: SYNC_RUN },
            ...{ deprovisioned: false, bypass_client_trust: false },
            stated_keys: stated(
              ...['instance_id', 'first_name', 'created_at', 'email_addresses', 'locale', 'password_last_updated_at'],
              ...['deprovisioned', 'bypass_client_trust', 'create_organizations_limit'],
            ),
          },
        ],
        email_addresses: [{ user_id: 'user_1', ...email }],
      }),
    );
    expect(String(rows.users?.[0]?.observed_at) > before.slice(0, -1)).toBe(true);
  });

  test('is made the same where an older state is here, as often as one likes, without a row in the ledger', async () => {
    const { clerk, sync, receive, readUsers, dump } = await useUserSync({ users: [makeApiUser(1)] });
    await receive({ messageId: 'msg_1', userId: USER, mark: 'old', ...LONG_AGO });
    expect(await sync(USER)).toEqual({ userId: USER, outcome: 'applied' });
    expect(await readUsers()).toEqual([
      makeRow({ id: USER, instance_id: clerk.instanceId, first_name: 'Ada 0000001' }),
    ]);
    expect(await sync(USER)).toEqual({ userId: USER, outcome: 'applied' });
    const { webhook_messages: messages, email_addresses: emails } = await dump();
    expect(messages?.map(({ message_id: id }) => id)).toEqual(['msg_1']);
    expect(emails?.map(({ email_address: address }) => address)).toEqual([
      'ada.a.0000001@example.com',
      'ada.b.0000001@example.com',
    ]);
  });

  test('is stale where an event has told something newer', async () => {
    const { clerk, sync, receive, readUsers } = await useUserSync({ users: [makeApiUser(1)] });
    await receive({ messageId: 'msg_1', userId: USER, mark: 'newer', ...LATER });
    expect(await sync(USER)).toEqual({ userId: USER, outcome: 'stale' });
    const row = makeRow({ id: USER, instance_id: clerk.instanceId, first_name: 'newer', last_message_id: 'msg_1' });
    expect(await readUsers()).toEqual([row]);
  });

  test('stays deleted where the deletion has come, and that is said', async () => {
    const { sync, receive, dump } = await useUserSync({ users: [makeApiUser(1)] });
    await receive({ messageId: 'msg_1', userId: USER, type: 'user.deleted' });
    const before = await dump();
    expect(await sync(USER)).toEqual({
      ...{ userId: USER, outcome: 'deleted_here' },
      error: 'Clerk has this user, who was deleted here: a deletion is final, and nothing was changed.',
    });
    expect(await dump()).toEqual(before);
  });

  test('and is deleted while Clerk is asked is deleted', async () => {
    const { clerk, sync, receive } = await useUserSync({ users: [makeApiUser(1)] });
    clerk.intercept(async ({ at: askedAt }) => {
      const sinceEpoch = askedAt + 1000 - Date.UTC(2026, 0, 1);
      await receive({ messageId: 'msg_1', userId: USER, type: 'user.deleted', at: sinceEpoch });
    });
    expect(await sync(USER)).toEqual({ userId: USER, outcome: 'deleted' });
  });
});

describe('a user whom Clerk does not have', () => {
  test.each(['erase', 'retain'] as const)('becomes a tombstone, with the setting %s', async (deletedUsers) => {
    const { clerk, sync, receive, readUsers, dump } = await useUserSync({ deletedUsers });
    await receive({ messageId: 'msg_1', userId: USER, mark: 'gone' });
    await receive({ messageId: 'msg_2', userId: 'user_other', mark: 'other' });
    expect(await sync(USER)).toEqual({ userId: USER, outcome: 'deleted' });
    const firstName = deletedUsers === 'erase' ? null : 'gone';
    const tombstone = makeRow({
      id: USER,
      instance_id: clerk.instanceId,
      first_name: firstName,
      deleted: true,
      emails: 0,
    });
    const other = makeRow({
      id: 'user_other',
      instance_id: clerk.instanceId,
      first_name: 'other',
      last_message_id: 'msg_2',
    });
    expect(await readUsers()).toEqual([tombstone, other]);
    const once = await dump();
    expect(await sync(USER)).toEqual({ userId: USER, outcome: 'deleted' });
    expect(await dump()).toEqual(once);
  });

  test('and who is not here leaves nothing behind', async () => {
    const { sync, dump } = await useUserSync();
    const error = 'Neither Clerk nor this database has it.';
    expect(await sync('user_gone')).toEqual({ userId: 'user_gone', outcome: 'not_found', error });
    expect(await dump()).toEqual(tables({}));
  });

  test('is deleted where neither side names an instance', async () => {
    const { sql, sync, receive } = await useUserSync();
    await receive({ messageId: 'msg_1', userId: USER, mark: 'gone' });
    await sql`update clerk.users set instance_id = null`;
    expect(await sync(USER, null)).toEqual({ userId: USER, outcome: 'deleted' });
  });

  test('is not deleted while Clerk does not tell whose key it is', async () => {
    const { sync, receive, dump } = await useUserSync();
    await receive({ messageId: 'msg_1', userId: USER, mark: 'here' }, OTHER);
    const before = await dump();
    expect(await sync(USER, null)).toEqual({
      ...{ userId: USER, outcome: 'not_found' },
      error: `Clerk does not have this user, and does not tell whether CLERK_SECRET_KEY belongs to the user's instance ${OTHER}: nothing was changed.`,
    });
    expect(await dump()).toEqual(before);
  });

  test.each([
    ['a proxy', { kind: 'proxy_page', status: 404 }, 'wrong_address'],
    ['a wrong key', { kind: 'status', status: 401 }, 'unauthorized'],
    ['nobody', { kind: 'cut' }, 'unavailable'],
  ] as const)('as far as %s says is not deleted', async (_who, fault, code) => {
    const { clerk, sync, receive, dump } = await useUserSync();
    await receive({ messageId: 'msg_1', userId: USER, mark: 'here' });
    const before = await dump();
    clerk.intercept(() => fault);
    await expect(sync(USER)).rejects.toMatchObject({ name: 'ClerkApiError', code });
    expect(await dump()).toEqual(before);
  });
});

test.each([true, false])('a row of another instance is not touched, whether Clerk knows the id: %s', async (known) => {
  const { clerk, sync, receive, dump } = await useUserSync({ users: known ? [makeApiUser(1)] : [] });
  await receive({ messageId: 'msg_1', userId: USER, mark: 'other', ...LONG_AGO }, OTHER);
  const before = await dump();
  expect(await sync(USER)).toEqual({
    ...{ userId: USER, outcome: 'other_instance' },
    error: `The user here is of instance ${OTHER}, and CLERK_SECRET_KEY belongs to ${clerk.instanceId}: nothing was changed.`,
  });
  expect(await dump()).toEqual(before);
  expect(clerk.requests).toEqual([]);
});

test('what is no id is not asked for', async () => {
  const { clerk, sync, dump } = await useUserSync();
  const error = 'This is no id that Clerk could know.';
  for (const userId of ['../instance', 'count', '']) {
    expect(await sync(userId)).toEqual({ userId, outcome: 'not_found', error });
  }
  expect([clerk.requests, await dump()]).toEqual([[], tables({})]);
});

test('a user who can not be read is kept as a dead letter, which the next time resolves', async () => {
  const { clerk, sync, dump } = await useUserSync();
  clerk.setUser(
    makeSmallUser('user_1', { banned: 'maybe', phone_numbers: [{ id: 'idn_1', backup_codes: ['secret'] }] }),
  );
  const error = expect.stringContaining("The Backend API's user does not have Clerk's shape: banned");
  expect(await sync('user_1')).toEqual({ userId: 'user_1', outcome: 'dead_letter', error });
  expect(await sync('user_1')).toEqual({ userId: 'user_1', outcome: 'dead_letter', error });
  const { dead_letters: letters, users } = await dump();
  expect(users).toEqual([]);
  expect(letters).toEqual([
    expect.objectContaining({
      ...{ message_id: 'api_user_1', origin: 'sync-user', user_id: 'user_1', instance_id: clerk.instanceId },
      ...{ event_type: null, reason: 'invalid_shape', error, attempts: 2, state: 'open' },
      details: expect.objectContaining({ run_id: SYNC_RUN }),
      body: expect.not.stringContaining('secret'),
    }),
  ]);
  clerk.setUser(makeSmallUser('user_1', { banned: false }));
  expect(await sync('user_1')).toEqual({ userId: 'user_1', outcome: 'applied' });
  const after = await dump();
  expect(after.dead_letters?.map(({ state, attempts }) => ({ state, attempts }))).toEqual([
    { state: 'replayed', attempts: 2 },
  ]);
});
