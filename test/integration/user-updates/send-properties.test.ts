import { expect, test } from 'vitest';
import { readBody } from '../../../src/user-updates/sending/calls/read-body.ts';
import { linkUpdates } from '../../../src/user-updates/sending/link-updates.ts';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { useUserUpdates } from '../../support/user-updates.ts';

/** One request: its whole text as Postgres writes it, and what the user's row says afterwards. */
interface Sent {
  readonly body: string;
  readonly row: Readonly<Record<string, unknown>>;
}

const emailOf = (n: number) => (makeApiUser(n).email_addresses as { id: string }[])[0]?.id;
const WALLET = 'idn_wallet';

/** What is said of user `n`, each property alone: as JSON text, and as the row has it, if the row has it at all. */
const PROPERTIES: readonly ((n: number) => readonly [property: string, json: string, row?: unknown])[] = [
  (n) => ['external_id', `"own_${n} \\"é\\" 😀"`, `own_${n} "é" 😀`],
  () => ['external_id', 'null', null],
  () => ['first_name', '"Grace"', 'Grace'],
  () => ['first_name', 'null', null],
  () => ['last_name', '"Brewster Murray"', 'Brewster Murray'],
  () => ['last_name', 'null', null],
  (n) => ['primary_email_address_id', `"${emailOf(n)}"`, emailOf(n)],
  () => ['notify_primary_email_address_changed', 'false'],
  (n) => [
    'primary_phone_number_id',
    `"${makeApiUser(n).primary_phone_number_id}"`,
    makeApiUser(n).primary_phone_number_id,
  ],
  () => ['primary_web3_wallet_id', `"${WALLET}"`, WALLET],
  (n) => ['username', `"grace_${n}"`, `grace_${n}`],
  () => ['username', 'null', null],
  () => ['profile_image_id', '"img_1"'],
  () => ['password', '"a wrong horse battery clip"'],
  () => ['totp_secret', '"JBSWY3DPEHPK3PXP"'],
  () => ['backup_codes', '["abcdefgh", "ijklmnop"]'],
  () => [
    'public_metadata',
    '{"n": 12345678901234567890.10, "t": [1, null, {"ü": "ß"}]}',
    '{"n": 12345678901234567890.10, "t": [1, null, {"ü": "ß"}]}',
  ],
  () => ['private_metadata', '{}', '{}'],
  () => ['unsafe_metadata', '{"a": 1e-7}', '{"a": 0.0000001}'],
  () => ['delete_self_enabled', 'false', false],
  () => ['create_organization_enabled', 'false', false],
  () => ['create_organizations_limit', '7', '7'],
  () => ['legal_accepted_at', '"2024-02-29T23:59:59.5+01:00"', new Date('2024-02-29T22:59:59.500Z')],
  () => ['skip_legal_checks', 'true'],
  () => ['created_at', '"2020-01-01T00:00:00Z"', new Date('2020-01-01T00:00:00Z')],
  () => ['locale', '"de-CH"', 'de-CH'],
  () => ['bypass_client_trust', 'true', true],
];

/** Those that don't stand alone. */
const TOGETHER: readonly string[] = [
  '{"password": "short", "skip_password_checks": true, "sign_out_of_other_sessions": true}',
  '{"password_digest": "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "password_hasher": "bcrypt"}',
];

const METADATA = /^\{"(?:public|private|unsafe)_metadata"/;

test('each property alone arrives at Clerk as it was written, and comes back in an event', async () => {
  const requests: Sent[] = [
    ...PROPERTIES.map((make, n) => {
      const [property, json, row] = make(n);
      return { body: `{"${property}": ${json}}`, row: row === undefined ? {} : { [property]: row } };
    }),
    ...TOGETHER.map((body) => ({ body, row: {} })),
  ];
  const wallet = { id: WALLET, object: 'web3_wallet', web3_wallet: '0x1', verification: { status: 'verified' } };
  const users = requests.map((_, n) => makeApiUser(n, { web3_wallets: [wallet], create_organizations_limit: 5 }));
  const { clerk, insert, send, sql, deliver, pool } = await useUserUpdates({ users, images: ['img_1'] });
  for (const [n, { body }] of requests.entries()) await insert({ user_id: makeUserId(n), request: body, force: true });
  expect(await send()).toEqual({ succeeded: requests.length, rejected: 0, pending: 0 });

  const bodies = clerk.requests.filter(({ body }) => body !== '').map(({ path, body }) => [path, body]);
  const expected = requests.map(({ body }, n) => [
    `/users/${makeUserId(n)}${METADATA.test(body) ? '/metadata' : ''}`,
    sorted(body),
  ]);
  expect(bodies.length).toBe(requests.length);
  expect(Object.fromEntries(bodies)).toEqual(Object.fromEntries(expected));

  const readRows = async () => {
    const rows = await sql`
      select *, public_metadata::text, private_metadata::text, unsafe_metadata::text from clerk.users order by id collate "C"`;
    return rows.map((row, n) =>
      Object.fromEntries(Object.keys(requests[n]?.row ?? {}).map((name) => [name, row[name]])),
    );
  };
  expect(await readRows()).toEqual(requests.map(({ row }) => row));
  await deliver();
  expect(await readRows()).toEqual(requests.map(({ row }) => row));

  const found = await pool.withTransaction(linkUpdates);
  expect(found).toEqual(requests.map(() => ({ action: 'update', ms: expect.any(Number) })));
  const linked = await sql`
    select u.user_id, m.user_id as of_event, m.event_type from clerk.user_updates u
    join clerk.webhook_messages m using (message_id) order by u.id`;
  expect([...linked]).toEqual(
    requests.map((_, n) => ({ user_id: makeUserId(n), of_event: makeUserId(n), event_type: 'user.updated' })),
  );
  expect(await pool.withTransaction(linkUpdates)).toEqual([]);
});

/** Postgres orders the keys of jsonb by their lengths, and then by their bytes. */
function sorted(body: string): string {
  const entries = Object.entries(readBody(body));
  if (entries.length < 2) return body.replace('1e-7', '0.0000001');
  const inOrder = entries.toSorted(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  return `{${inOrder.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(', ')}}`;
}

test('what Clerk clears by leaving it out is cleared here, at once and after the event', async () => {
  const users = [makeApiUser(0, { create_organizations_limit: 5, bypass_client_trust: true })];
  const { insert, send, sql, deliver, clerk } = await useUserUpdates({ users });
  const read = async () => [
    ...(await sql`select create_organizations_limit::int, bypass_client_trust, external_id from clerk.users`),
  ];
  await insert({ user_id: makeUserId(0), request: { last_name: 'King' } });
  await send();
  await deliver();
  const before = { create_organizations_limit: 5, bypass_client_trust: true, external_id: makeApiUser(0).external_id };
  expect(await read()).toEqual([before]);

  await insert({ user_id: makeUserId(0), request: { create_organizations_limit: null, bypass_client_trust: false } });
  await send();
  const cleared = { ...before, create_organizations_limit: null, bypass_client_trust: false };
  expect(await read()).toEqual([cleared]);
  await deliver();
  expect(await read()).toEqual([cleared]);

  // As the fake does with those two, Clerk may do with any other.
  const { external_id: _, ...rest } = clerk.users.get(makeUserId(0)) as Record<string, unknown>;
  const text = JSON.stringify({ ...rest, updated_at: Number(rest.updated_at) + 1000 });
  clerk.intercept(({ method }) => (method === 'PATCH' ? { kind: 'body', text } : undefined));
  await insert({ user_id: makeUserId(0), request: { external_id: null } });
  await send();
  expect(await read()).toEqual([{ ...cleared, external_id: null }]);
});
