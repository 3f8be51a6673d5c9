import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createClerkSync } from '../../../src/index.ts';
import { tables } from '../../support/expected-rows.ts';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { makeSecret } from '../../support/signed-request.ts';
import { LONG_AGO, makeSmallUser, SYNC_RUN, useUserSync } from '../../support/user-sync.ts';

const USER = makeUserId(1);

/** The scene, and an application's `ensureUser` on the same database and the same Clerk. */
async function useEnsureUser(options: { ensureTimeoutMs?: number } = {}) {
  const scene = await useUserSync({ users: [makeApiUser(1), makeApiUser(2)] });
  const { url: databaseUrl, clerk } = scene;
  const keys = { signingSecret: makeSecret(), secretKey: clerk.secretKey, apiUrl: clerk.url };
  const clerkSync = createClerkSync({ databaseUrl, ...keys, ...options });
  onTestFinished(() => clerkSync.close());
  const listAsked = () => clerk.requests.map(({ path }) => path).toSorted();
  return { ...scene, ...clerkSync, listAsked };
}

describe('a user who is not here yet', () => {
  test('is, once the promise resolves, and is not asked for again', async () => {
    const { clerk, ensureUser, readUsers, listAsked } = await useEnsureUser();
    expect(await ensureUser(USER)).toBe('applied');
    const row = { deleted: false, emails: 2, last_message_id: SYNC_RUN, first_name: 'Ada 0000001' };
    expect(await readUsers()).toEqual([{ ...row, id: USER, instance_id: clerk.instanceId }]);
    expect(await ensureUser(USER)).toBe('present');
    expect(await ensureUser(makeUserId(2))).toBe('applied');
    expect(listAsked()).toEqual(['/instance', `/users/${USER}`, `/users/${makeUserId(2)}`]);
  });

  test('and whom Clerk does not know leaves nothing behind', async () => {
    const { ensureUser, dump } = await useEnsureUser();
    expect(await ensureUser('user_gone')).toBe('not_found');
    expect(await ensureUser('../users')).toBe('not_found');
    expect(await dump()).toEqual(tables({}));
  });

  test('is asked for once, whoever wants him at that time', async () => {
    const { clerk, ensureUser, listAsked } = await useEnsureUser();
    clerk.intercept(() => ({ kind: 'slow', ms: 100 }));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => ensureUser(USER)));
    expect(new Set(outcomes)).toEqual(new Set(['applied']));
    expect(listAsked()).toEqual(['/instance', `/users/${USER}`]);
  });

  test('and whose webhook is quicker than Clerk’s answer is as that says', async () => {
    const { clerk, ensureUser, receive, readUsers } = await useEnsureUser();
    clerk.intercept(({ path }) =>
      path === '/instance' ? undefined : receive({ messageId: 'msg_1', userId: USER, mark: 'webhook' }),
    );
    expect(await ensureUser(USER)).toBe('stale');
    expect((await readUsers()).map(({ first_name }) => first_name)).toEqual(['webhook']);
  });

  test('and who can not be read is kept as a dead letter', async () => {
    const { clerk, ensureUser, dump } = await useEnsureUser();
    clerk.setUser(makeSmallUser('user_bad', { banned: 'maybe' }));
    expect(await ensureUser('user_bad')).toBe('dead_letter');
    const { dead_letters: letters } = await dump();
    expect(letters?.map(({ message_id: id, origin }) => [id, origin])).toEqual([['api_user_bad', 'sync-user']]);
  });
});

test('a user who is here, alive or deleted, is no question to Clerk', async () => {
  const { clerk, ensureUser, receive, dump } = await useEnsureUser();
  await receive({ messageId: 'msg_1', userId: USER, mark: 'old', ...LONG_AGO });
  await receive({ messageId: 'msg_2', userId: makeUserId(2), type: 'user.deleted' });
  const before = await dump();
  expect([await ensureUser(USER), await ensureUser(makeUserId(2))]).toEqual(['present', 'deleted']);
  expect(clerk.requests).toEqual([]);
  expect(await dump()).toEqual(before);
});

test('a key of another instance brings nobody in', async () => {
  const { clerk, ensureUser, receive, dump } = await useEnsureUser();
  await receive({ messageId: 'msg_1', userId: 'user_other', mark: 'other' }, 'ins_another');
  const before = await dump();
  await expect(ensureUser(USER)).rejects.toMatchObject({
    name: 'OperatorError',
    code: 'other_instance',
    message: `The users in this database are of another Clerk instance (ins_another) than the one that CLERK_SECRET_KEY belongs to (${clerk.instanceId}).`,
  });
  expect(await dump()).toEqual(before);
});

describe('what can not be found out now rejects, and works later:', () => {
  test('Clerk refuses, at the user or at the instance', async () => {
    const { clerk, ensureUser, dump } = await useEnsureUser({ ensureTimeoutMs: 200 });
    for (const failing of [`/users/${USER}`, '/instance']) {
      clerk.intercept(({ path }) => (path === failing ? { kind: 'status', status: 401 } : undefined));
      await expect(ensureUser(USER)).rejects.toMatchObject({ name: 'ClerkApiError', code: 'unauthorized' });
    }
    expect(await dump()).toEqual(tables({}));
    clerk.intercept(undefined);
    expect(await ensureUser(USER)).toBe('applied');
  });

  test.each([
    { kind: 'never' },
    { kind: 'status', status: 500 },
    { kind: 'status', status: 429, headers: { 'retry-after': '60' } },
  ] as const)('Clerk answers too late: %o', async (fault) => {
    const { clerk, ensureUser } = await useEnsureUser({ ensureTimeoutMs: 1000 });
    clerk.intercept(() => fault);
    const since = performance.now();
    await expect(ensureUser(USER)).rejects.toMatchObject({ name: 'ClerkApiError' });
    // Without the limit it would be ten seconds.
    expect(performance.now() - since).toBeLessThan(1000 + 4000);
  });

  test('the database is gone', async () => {
    const options = { databaseUrl: 'postgres://x@127.0.0.1:1/x', signingSecret: makeSecret() };
    const { ensureUser, close } = createClerkSync({ ...options, secretKey: 'sk_live_0123456789' });
    await expect(ensureUser(USER)).rejects.toMatchObject({ name: 'DatabaseUnavailableError' });
    await close();
  });
});

test('close ends what is under way', async () => {
  const { clerk, ensureUser, close } = await useEnsureUser();
  clerk.intercept(() => ({ kind: 'never' }));
  const asked = ensureUser(USER).catch((error: unknown) => error);
  await vi.waitUntil(() => clerk.requests.length === 2);
  const since = performance.now();
  await close();
  expect(await asked).toMatchObject({ name: 'AbortError' });
  // Clerk alone would have had five seconds.
  expect(performance.now() - since).toBeLessThan(4000);
});

test('without a secret key it says what is missing', async () => {
  const clerkSync = createClerkSync({ databaseUrl: 'postgres://x@127.0.0.1:1/x', signingSecret: makeSecret() });
  await expect(clerkSync.ensureUser(USER)).rejects.toMatchObject({
    name: 'OperatorError',
    code: 'no_secret_key',
    message: "secretKey is not set: Clerk's Backend API can't be asked.",
  });
  await clerkSync.close();
});
