import postgres from 'postgres';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { insertRequest, type NewRequest } from '../../support/insert-request.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  return () => database.drop();
});

const insert = (columns: NewRequest) => insertRequest(database.sql, columns);

const USER_ID = 'user_id must be the id of a user at Clerk, such as "user_29w83sxmDNGwOuEthce5gg56FcC".';
const ACTION = 'action must be update, ban, unban, lock, unlock, delete or set_primary_email.';
const OBJECT = 'request must be an object, such as {"first_name": "Ada"}.';
const NAME = '{"first_name": "Ada"}';
const KNOWN_HASHERS = [
  ...['argon2i', 'argon2id', 'awscognito', 'bcrypt', 'bcrypt_peppered', 'bcrypt_sha256_django', 'ldap_ssha', 'md5'],
  ...['md5_phpass', 'md5_salted', 'pbkdf2_sha1', 'pbkdf2_sha256', 'pbkdf2_sha256_django', 'pbkdf2_sha512'],
  ...['pbkdf2_sha512_hex', 'phpass', 'scrypt_firebase', 'scrypt_werkzeug', 'sha256', 'sha256_salted', 'sha512_symfony'],
];

test.each<[NewRequest, string, string]>([
  [{ user_id: null, request: NAME }, 'user_id', USER_ID],
  [{ user_id: '', request: NAME }, 'user_id', USER_ID],
  [{ user_id: '..', request: NAME }, 'user_id', USER_ID],
  [{ user_id: 'user_1/metadata', request: NAME }, 'user_id', USER_ID],
  [{ user_id: 'user_1\n', request: NAME }, 'user_id', USER_ID],
  [{ user_id: 'count', request: NAME }, 'user_id', USER_ID],
  [{ user_id: 'ban', action: 'delete' }, 'user_id', USER_ID],
  [{ user_id: 'x'.repeat(256), request: NAME }, 'user_id', USER_ID],
  [{ action: 'promote' }, 'action', ACTION],
  [{ action: 'Ban' }, 'action', ACTION],
  [{ action: null }, 'action', ACTION],
  [{ metadata_mode: 'append', request: NAME }, 'metadata_mode', 'metadata_mode must be replace or merge.'],
  [{ metadata_mode: null, request: NAME }, 'metadata_mode', 'metadata_mode must be replace or merge.'],
  [{ force: null, request: NAME }, 'force', 'force must be true or false.'],
  [{ request: null }, 'request', OBJECT],
  [{}, 'request', 'request must have at least one property.'],
])('refuses the columns %j', async (columns, column, refused) => {
  expect(await insert(columns)).toEqual({ refused, column });
});

test.each(['ban', 'unban', 'lock', 'unlock', 'delete'])('the action %s takes an empty request only', async (action) => {
  expect(await insert({ action })).toEqual({ stored: '{}' });
  expect(await insert({ action, request: '{}' })).toEqual({ stored: '{}' });
  expect(await insert({ action, request: NAME })).toEqual({
    refused: `request must be {} for the action ${action}, and has the property first_name.`,
    column: 'request',
  });
  expect(await insert({ action, request: '[]' })).toEqual({ refused: OBJECT, column: 'request' });
});

const ADDRESS = 'request.email_address must be an e-mail address.';

test.each<[request: string, refused: string | undefined]>([
  ['{"email_address": "ada@example.com"}', undefined],
  ['{"email_address": "ada@example.com", "notify_primary_email_address_changed": true}', undefined],
  ['{"email_address": "ada@example.com", "notify_primary_email_address_changed": null}', undefined],
  ['{}', 'request.email_address is missing.'],
  ['{"email_address": null}', 'request.email_address must not be null.'],
  ['{"email_address": 7}', 'request.email_address must be a text, and is a number.'],
  ['{"email_address": ""}', ADDRESS],
  ['{"email_address": "idn_1"}', ADDRESS],
  ['{"email_address": "ada@@example.com"}', ADDRESS],
  ['{"email_address": "ada @example.com"}', ADDRESS],
  [
    '{"email_address": "ada@example.com", "notify_primary_email_address_changed": 1}',
    'request.notify_primary_email_address_changed must be true, false or null, and is a number.',
  ],
  [
    '{"email_address": "ada@example.com", "first_name": "Ada"}',
    'request.first_name is not a property that the action set_primary_email takes.',
  ],
])('the action set_primary_email and the request %s', async (request, refused) => {
  const answer = await insert({ action: 'set_primary_email', request });
  expect('stored' in answer ? undefined : answer).toEqual(refused && { refused, column: 'request' });
});

test('whatever an insert says of delivery, a request begins at the beginning', async () => {
  const { sql } = database;
  const [row] = await sql`
    insert into clerk.user_updates (user_id, request, metadata_mode, force, state, attempts, next_attempt_at, lease_until,
      calls, error, error_property, message_id, from_trigger, created_at, settled_at)
    values ('user_1', '{"first_name": "Ada"}', 'merge', true, 'succeeded', 7, 'infinity', 'infinity', '[1]', '[1]',
      'first_name', 'msg_1', true, 'infinity', 'infinity')
    returning *, next_attempt_at = now() as due, created_at = now() as new`;
  expect(row).toEqual({
    id: expect.stringMatching(/^\d+$/),
    user_id: 'user_1',
    action: 'update',
    request: { first_name: 'Ada' },
    metadata_mode: 'merge',
    force: true,
    state: 'pending',
    attempts: 0,
    next_attempt_at: expect.any(Date),
    lease_until: null,
    calls: [],
    error: null,
    error_property: null,
    message_id: null,
    from_trigger: false,
    requested_by: expect.any(String),
    created_at: expect.any(Date),
    settled_at: null,
    due: true,
    new: true,
  });
  await expect(sql`insert into clerk.user_updates (id, user_id, action) values (1, 'user_1', 'ban')`).rejects.toThrow(
    /cannot insert a non-DEFAULT value into column "id"/,
  );
});

test('warns of a hasher that Clerk is not known to take, and keeps it as it is', async () => {
  const notices: (string | undefined)[] = [];
  const sql = postgres(database.url, { max: 1, onnotice: ({ severity, message }) => notices.push(severity, message) });
  onTestFinished(() => sql.end());
  const insertHasher = (hasher: string) =>
    insertRequest(sql, { request: `{"password_digest": "d", "password_hasher": "${hasher}"}` });
  for (const hasher of KNOWN_HASHERS) await insertHasher(hasher);
  expect(notices).toEqual([]);
  expect(await insertHasher('rot13')).toEqual({ stored: '{"password_digest": "d", "password_hasher": "rot13"}' });
  expect(notices).toEqual([
    'WARNING',
    'request.password_hasher is none of those that Clerk is known to take. It is sent as it is.',
  ]);
});
