import { expect, onTestFinished, test } from 'vitest';
import { createPool } from '../../../src/db/pool.ts';
import { settleBatch } from '../../../src/sync/settle-batch.ts';
import { callCli } from '../../support/cli.ts';
import { useTestDatabase } from '../../support/database.ts';
import { makeSecret } from '../../support/signed-request.ts';
import { EPOCH_MS, makeUserEntry } from '../../support/user-event.ts';

const ADA = {
  username: 'ada',
  external_id: 'customer-1',
  first_name: 'Ada',
  last_name: 'Lovelace\u001b[31m',
  banned: true,
  primary_email_address_id: 'idn_1',
  email_addresses: [
    { id: 'idn_1', email_address: 'Ada@Example.com', verification: { status: 'verified' }, created_at: EPOCH_MS },
    { id: 'idn_2', email_address: 'second@example.com', verification: null, created_at: EPOCH_MS + 1 },
  ],
  phone_numbers: [{ id: 'idn_3', phone_number: '+15550100', verification: null }],
  web3_wallets: [{ id: 'idn_4', web3_wallet: '0xAbC1', verification: null }],
  passkeys: [{ id: 'idn_5', name: 'laptop', verification: null }],
  external_accounts: [
    { id: 'idn_6', object: 'external_account', provider: 'oauth_google', email_address: 'ada@gmail.com' },
  ],
};

/** What names Ada, as people write it. */
const NAMES = [
  ...['user_ada', ' user_ada ', 'ADA@example.COM', 'second@example.com', '+1 (555) 01-00'],
  ...['0xABC1', 'ada', 'Ada', 'customer-1'],
];

/** Two users, and one who is deleted. */
async function useUsers() {
  const { sql, url, target } = await useTestDatabase();
  const pool = createPool({ target, size: 1 });
  onTestFinished(() => pool.close());
  const data = { ...ADA, public_metadata: { plan: 'pro', exact: JSON.rawJSON('12345678901234567890') } };
  await settleBatch({ pool, deletedUsers: 'erase' }, [
    makeUserEntry({ messageId: 'msg_1', userId: 'user_ada', data }),
    makeUserEntry({ messageId: 'msg_2', userId: 'user_bob', data: { created_at: EPOCH_MS + 1000, username: 'bob' } }),
    makeUserEntry({ messageId: 'msg_3', userId: 'user_gone', type: 'user.deleted' }),
  ]);
  await sql`update clerk.users set synced_at = '2026-01-02T03:04:05Z'`;
  await sql`update clerk.users set deleted_at = '2026-01-02T03:04:05Z' where id = 'user_gone'`;
  // Settings under which times and numbers would look otherwise.
  await sql.unsafe(`alter database "${new URL(url).pathname.slice(1)}" set datestyle = 'German'`);
  await sql.unsafe(`alter database "${new URL(url).pathname.slice(1)}" set timezone = 'Asia/Kolkata'`);
  const env = { DATABASE_URL: url, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() };
  return {
    sql,
    run: (args: string[], width?: number) => callCli(['users', ...args], { env, ...(width && { width }) }),
  };
}

test('users counts the users, and lists the newest first', async () => {
  const { run } = await useUsers();
  expect(await run([])).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `user      e-mail           name                    user name  created
user_bob  -                -                       bob        2026-01-01 00:00:01Z
user_ada  Ada@Example.com  Ada Lovelace\\u{1b}[31m  ada        2026-01-01 00:00:00Z

2 users and 1 deleted.

To see one user:  clerk-sync users find user_bob
`,
  });
  const { stdout } = await run(['--json', '--limit', '1']);
  expect(JSON.parse(stdout)).toEqual({
    users: 2,
    deleted: 1,
    newest: [
      {
        id: 'user_bob',
        primary_email_address: null,
        username: 'bob',
        first_name: null,
        last_name: null,
        created_at: '2026-01-01T00:00:01.000Z',
        synced_at: '2026-01-02T03:04:05.000Z',
      },
    ],
  });
});

test('users says how to make a user if there is none', async () => {
  const { url: DATABASE_URL } = await useTestDatabase();
  const env = { DATABASE_URL, CLERK_WEBHOOK_SIGNING_SECRET: makeSecret() };
  expect(await callCli(['users'], { env })).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: '0 users. `clerk-sync send user.created` makes a sample user.\n',
  });
});

test('users find shows the user with all children, and no name can control the terminal', async () => {
  const { run } = await useUsers();
  expect(await run(['find', 'user_ada'])).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `User user_ada

  name              Ada Lovelace\\u{1b}[31m
  user name         ada
  external id       customer-1
  e-mail            Ada@Example.com (primary, verified)
  e-mail            second@example.com
  phone             +15550100
  wallet            0xAbC1
  linked account    oauth_google (ada@gmail.com)
  passkey           laptop
  state             banned
  public metadata   {"plan":"pro","exact":12345678901234567890}
  created           2026-01-01 00:00:00Z
  updated           2026-01-01 00:00:00Z
  synced            2026-01-02 03:04:05Z by msg_1
  instance          ins_1
`,
  });
  const narrow = (await run(['find', 'user_ada'], 40)).stdout.split('\n');
  expect(narrow).toContain('  e-mail            Ada@Example.com');
  expect(narrow).toContain('                    (primary, verified)');
});

test('users find finds a user by everything that names them', async () => {
  const { run } = await useUsers();
  const found: Record<string, string[]> = {};
  for (const who of NAMES) {
    const { users } = JSON.parse((await run(['find', who, '--json'])).stdout);
    found[who] = users.map(({ id }: { id: string }) => id);
  }
  expect(found).toEqual(Object.fromEntries(NAMES.map((who) => [who, ['user_ada']])));
});

test('users find prints whole rows with --json, times in UTC and every digit', async () => {
  const { run, sql } = await useUsers();
  const { stdout } = await run(['show', 'ada', '--json']);
  const [user] = JSON.parse(stdout).users;
  const columns = (
    await sql`select attname as name from pg_attribute
    where attrelid = 'clerk.users'::regclass and attnum > 0 order by attnum`
  ).map(({ name }) => name);
  expect(Object.keys(user)).toEqual([
    ...columns,
    ...['email_addresses', 'phone_numbers', 'web3_wallets', 'passkeys'],
    ...['external_accounts', 'saml_accounts', 'enterprise_accounts'],
  ]);
  expect(user).toMatchObject({ created_at: '2026-01-01T00:00:00.000Z', deleted_at: null, banned: true });
  expect(stdout).toContain('"exact": 12345678901234567890');
  expect(user.email_addresses[0]).toMatchObject({ user_id: 'user_ada', email_address: 'Ada@Example.com' });
});

test('a tombstone is shown as deleted', async () => {
  const { run } = await useUsers();
  expect((await run(['find', 'user_gone'])).stdout.split('\n')[0]).toBe('User user_gone, deleted 2026-01-02 03:04:05Z');
});

test('an unknown user is not found, and stderr does not repeat what was asked for', async () => {
  const { run } = await useUsers();
  expect(await run(['find', 'eve@example.com'])).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `clerk-sync: No user here has this id, e-mail address, phone number, user name, external id or wallet.
\`clerk-sync users\` lists the newest users here. \`clerk-sync sync-user <id>\` reads a user from Clerk by id.
`,
  });
});
