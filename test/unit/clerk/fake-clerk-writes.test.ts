import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createVerifier } from '../../../src/clerk/webhook/verify-delivery.ts';
import type { FakeClerk, FakeClerkOptions, Fault } from '../../support/fake-clerk/fake-clerk.ts';
import { type ApiUserJson, HOUR_MS, makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { serveFake } from '../../support/fake-clerk/serve-fake.ts';
import { useFakeClerk } from '../../support/fake-clerk/use-fake-clerk.ts';
import { PWNED_PASSWORD } from '../../support/fake-clerk/writes/check-credentials.ts';
import { postEvents } from '../../support/fake-clerk/writes/events.ts';
import { makeSecret } from '../../support/signed-request.ts';

/** What Clerk documents of its writing calls, and where it documents nothing, what the fake has chosen. */

const ID = makeUserId(0);
const NOW = Date.UTC(2026, 5, 1, 12);
const [EMAIL_A, EMAIL_B] = ['idn_AAAAAAAAAAAAAAA0000000emaila', 'idn_AAAAAAAAAAAAAAA0000000emailb'];

async function useClerk(options: FakeClerkOptions = {}) {
  return useFakeClerk({ users: [0, 1].map((n) => makeApiUser(n)), now: () => NOW, ...options });
}

type Asked = Pick<FakeClerk, 'url' | 'secretKey'>;

async function ask({ url, secretKey }: Asked, call: string, body?: string, headers: Record<string, string> = {}) {
  const [method = '', path = ''] = call.split(' ');
  const response = await fetch(`${url}/v1${path}`, {
    method,
    body: body ?? null,
    headers: {
      authorization: `Bearer ${secretKey}`,
      'clerk-api-version': '2026-05-12',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
  });
  const text = await response.text();
  return { status: response.status, text, retryAfter: response.headers.get('retry-after') };
}

async function patch(clerk: Asked, properties: unknown) {
  return ask(clerk, `PATCH /users/${ID}`, JSON.stringify(properties));
}

/** The properties of an answer that are not as they were. */
function findChanges(text: string, before: Readonly<Record<string, unknown>>) {
  const after = JSON.parse(text);
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changed = [...names].filter((name) => JSON.stringify(after[name]) !== JSON.stringify(before[name]));
  return Object.fromEntries(changed.map((name) => [name, after[name]]));
}

/** An answer that refuses, as [status, code, property] of each error. */
function readRefusal({ status, text }: { status: number; text: string }) {
  const { errors } = JSON.parse(text) as { errors: { code: string; meta?: { param_name?: string } }[] };
  return errors.map(({ code, meta }) => [status, code, meta?.param_name]);
}

describe('PATCH /users/{id}', () => {
  const totp = { totp_enabled: true, two_factor_enabled: true, mfa_enabled_at: NOW };
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['{}', {}, {}],
    ['an external id', { external_id: 'c_7' }, { external_id: 'c_7' }],
    ['no external id', { external_id: null }, { external_id: null }],
    ['names', { first_name: 'Zoë', last_name: null }, { first_name: 'Zoë', last_name: null }],
    ['a username', { username: 'Grace-Hopper' }, { username: 'Grace-Hopper' }],
    ['a username that is null', { username: null }, { username: null }],
    ['a username that is empty', { username: '' }, { username: null }],
    ['a locale', { locale: 'de-CH' }, { locale: 'de-CH' }],
    ['a primary e-mail address', { primary_email_address_id: EMAIL_B }, { primary_email_address_id: EMAIL_B }],
    ['no primary phone number', { primary_phone_number_id: null }, { primary_phone_number_id: null }],
    ['no primary wallet', { primary_web3_wallet_id: null }, {}],
    ['a password', { password: 'S3cret-enough' }, { password_last_updated_at: NOW }],
    ['a short one, unchecked', { password: 'x', skip_password_checks: true }, { password_last_updated_at: NOW }],
    ['a digest', { password_digest: 'a'.repeat(32), password_hasher: 'md5' }, { password_last_updated_at: NOW }],
    ['a TOTP secret', { totp_secret: 'JBSWY3DPEHPK3PXP' }, totp],
    ['backup codes', { backup_codes: ['one', 'two'] }, { backup_code_enabled: true }],
    ['no backup codes', { backup_codes: [] }, {}],
    [
      'flags',
      { delete_self_enabled: false, create_organization_enabled: null, bypass_client_trust: true },
      { delete_self_enabled: false, bypass_client_trust: true },
    ],
    ['a flag that Clerk leaves out when false', { bypass_client_trust: false }, { bypass_client_trust: undefined }],
    ['a limit', { create_organizations_limit: 0 }, { create_organizations_limit: 0 }],
    [
      'when terms were accepted',
      { legal_accepted_at: '2026-01-01T00:00:00+01:00' },
      { legal_accepted_at: 1_767_222_000_000 },
    ],
    ['that terms were not accepted', { legal_accepted_at: null, skip_legal_checks: true }, { legal_accepted_at: null }],
    ['an earlier beginning', { created_at: '2020-02-29T00:00:00.5Z' }, { created_at: 1_582_934_400_500 }],
    ['a picture', { profile_image_id: 'img_1' }, { image_url: 'https://img.clerk.com/img_1' }],
    ['no picture', { profile_image_id: null }, { has_image: false, image_url: 'https://img.clerk.com/default' }],
  ])('takes %s', async (_what, properties, changes) => {
    const clerk = await useClerk({ images: ['img_1'] });
    const { status, text } = await patch(clerk, properties);
    const expected = { ...changes, updated_at: NOW };
    expect({ status, changes: findChanges(text, makeApiUser(0)) }).toEqual({ status: 200, changes: expected });
    expect(JSON.stringify(clerk.users.get(ID))).toBe(text);
  });

  test('leaves the limit out where it is cleared', async () => {
    const clerk = await useClerk();
    await patch(clerk, { create_organizations_limit: 5 });
    const { text } = await patch(clerk, { create_organizations_limit: null });
    expect(JSON.parse(text)).not.toHaveProperty('create_organizations_limit');
  });

  test.each<[unknown, ...(readonly [number, string, string | undefined])[]]>([
    [{ nickname: 'x' }, [422, 'form_param_unknown', 'nickname']],
    [{ timezone: 'x', banned: true }, [422, 'form_param_unknown', 'timezone'], [422, 'form_param_unknown', 'banned']],
    [{ public_metadata: {} }, [422, 'form_param_deprecated', 'public_metadata']],
    [{ unsafe_metadata: null }, [422, 'form_param_deprecated', 'unsafe_metadata']],
    [
      { first_name: 7, backup_codes: null },
      [422, 'form_param_value_invalid', 'first_name'],
      [422, 'form_param_value_invalid', 'backup_codes'],
    ],
    [{ password_digest: null }, [422, 'form_param_value_invalid', 'password_digest']],
    [{ password_hasher: null }, [422, 'form_param_value_invalid', 'password_hasher']],
    [{ backup_codes: [1] }, [422, 'form_param_value_invalid', 'backup_codes']],
    [{ delete_self_enabled: 'true' }, [422, 'form_param_value_invalid', 'delete_self_enabled']],
    [{ create_organizations_limit: 1.5 }, [422, 'form_param_value_invalid', 'create_organizations_limit']],
    [{ create_organizations_limit: -1 }, [422, 'form_param_value_invalid', 'create_organizations_limit']],
    [{ create_organizations_limit: 2 ** 31 }, [422, 'form_param_value_too_large', 'create_organizations_limit']],
    [{ created_at: NOW }, [422, 'form_param_value_invalid', 'created_at']],
    [{ legal_accepted_at: '2026-01-01' }, [422, 'form_param_invalid_time', 'legal_accepted_at']],
    [{ created_at: '2026-02-30T00:00:00Z' }, [422, 'form_param_invalid_time', 'created_at']],
    [{ created_at: '2027-01-01T00:00:00Z' }, [422, 'form_disallow_future_date', 'created_at']],
    [{ locale: 'x' }, [422, 'form_param_format_invalid', 'locale']],
    [{ last_name: 'x'.repeat(257) }, [422, 'form_param_max_length_exceeded', 'last_name']],
    [{ external_id: 'customer_0000001' }, [422, 'form_identifier_exists', 'external_id']],
    [{ username: 'USER_0000001' }, [422, 'form_identifier_exists', 'username']],
    [{ username: 'ada' }, [422, 'form_username_invalid_length', 'username']],
    [{ username: 'ada lovelace' }, [422, 'form_username_invalid_character', 'username']],
    [{ username: '12345' }, [422, 'form_username_needs_non_number_char', 'username']],
    [{ primary_email_address_id: 'idn_gone' }, [422, 'form_resource_not_found', 'primary_email_address_id']],
    [{ primary_phone_number_id: EMAIL_A }, [422, 'form_resource_not_found', 'primary_phone_number_id']],
    [{ profile_image_id: 'img_gone' }, [404, 'image_not_found', 'profile_image_id']],
    [{ password: 'short' }, [422, 'form_password_length_too_short', 'password']],
    [{ password: PWNED_PASSWORD }, [422, 'form_password_pwned', 'password']],
    [{ password: 'user_0000000' }, [422, 'form_password_matches_identifier', 'password']],
    [
      { password: 'é'.repeat(37), skip_password_checks: true },
      [422, 'form_password_size_in_bytes_exceeded', 'password'],
    ],
    [{ skip_password_checks: true }, [422, 'form_conditional_param_disallowed', 'skip_password_checks']],
    [{ sign_out_of_other_sessions: true }, [422, 'form_conditional_param_disallowed', 'sign_out_of_other_sessions']],
    [{ password_digest: 'x' }, [422, 'form_conditional_param_missing', 'password_hasher']],
    [{ password_hasher: 'md5' }, [422, 'form_conditional_param_missing', 'password_digest']],
    [{ password_digest: 'x', password_hasher: 'rot13' }, [422, 'form_param_value_invalid', 'password_hasher']],
    [
      { password_digest: 'x', password_hasher: 'bcrypt' },
      [422, 'form_password_digest_invalid_code', 'password_digest'],
    ],
    [{ totp_secret: '1nvalid!' }, [422, 'invalid_totp_secret_code', 'totp_secret']],
    [{ backup_codes: new Array(51).fill('x') }, [422, 'form_param_array_size_exceeded', 'backup_codes']],
    [
      { username: 'ada', external_id: 'customer_0000001', password: 'short' },
      [422, 'form_identifier_exists', 'external_id'],
      [422, 'form_username_invalid_length', 'username'],
      [422, 'form_password_length_too_short', 'password'],
    ],
  ])('refuses %j, and changes nothing', async (properties, ...refusal) => {
    const clerk = await useClerk();
    expect(readRefusal(await patch(clerk, properties))).toEqual(refusal);
    expect({ user: clerk.users.get(ID), writes: clerk.writes, events: clerk.events }).toEqual({
      user: makeApiUser(0),
      writes: [],
      events: [],
    });
  });

  test('refuses in Clerk’s words', async () => {
    const { text } = await patch(await useClerk({ disabled: ['first_name'] }), { first_name: 'Ada' });
    const error = { message: 'is unknown', long_message: 'first_name is not a valid parameter for this request.' };
    expect(JSON.parse(text)).toEqual({
      errors: [{ ...error, code: 'form_param_unknown', meta: { param_name: 'first_name' } }],
      clerk_trace_id: expect.any(String),
    });
  });

  test('knows no second factor where that is off', async () => {
    const clerk = await useClerk({ disabled: ['totp_secret'] });
    expect(readRefusal(await patch(clerk, { totp_secret: 'JBSWY3DP' }))).toEqual([
      [403, 'feature_not_enabled', 'totp_secret'],
    ]);
  });

  test('makes no address primary that is not verified', async () => {
    const emails = [
      { id: 'idn_reserved', email_address: 'a@example.com', reserved: true, verification: { status: 'verified' } },
      { id: 'idn_new', email_address: 'b@example.com', reserved: false, verification: null },
    ];
    const clerk = await useClerk({ users: [makeApiUser(0, { email_addresses: emails })] });
    for (const { id } of emails) {
      expect(readRefusal(await patch(clerk, { primary_email_address_id: id }))).toEqual([
        [422, 'form_verification_needed', 'primary_email_address_id'],
      ]);
    }
  });

  test('does not remove the last thing to sign in with', async () => {
    const lists = { email_addresses: [], phone_numbers: [], external_accounts: [] };
    const clerk = await useClerk({ users: [makeApiUser(0, lists)] });
    expect(readRefusal(await patch(clerk, { username: null }))).toEqual([
      [400, 'last_required_identification_deletion_failed', undefined],
    ]);
  });

  test('shows no secret again, and remembers which orders it was given', async () => {
    const clerk = await useClerk();
    const secrets = { password: 'S3cret-enough', totp_secret: 'JBSWY3DPEHPK3PXP', backup_codes: ['c0de-1', 'c0de-2'] };
    const flags = { sign_out_of_other_sessions: true, notify_primary_email_address_changed: true };
    const { text } = await patch(clerk, { ...secrets, ...flags, first_name: 'Ada' });
    const shown = [text, JSON.stringify([...clerk.users]), JSON.stringify(clerk.events)].join();
    for (const secret of ['S3cret-enough', 'JBSWY3DPEHPK3PXP', 'c0de']) expect(shown).not.toContain(secret);
    expect(clerk.writes.map(({ orders }) => orders)).toEqual([[...Object.keys(secrets), ...Object.keys(flags)]]);
  });
});

describe('metadata', () => {
  const before = { public_metadata: { a: 1, deep: { x: [1, 2], y: { z: 1 } } }, private_metadata: { kept: true } };
  const useMetadata = () => useClerk({ users: [makeApiUser(0, before)] });
  const METADATA = `/users/${ID}/metadata`;

  test.each([
    ['PUT', '{"public_metadata":{"b":1.50}}', '{"b":1.50}'],
    ['PUT', '{"public_metadata":{"deep":{}}}', '{"deep":{}}'],
    ['PUT', '{"public_metadata":{"a":null}}', '{"a":null}'],
    ['PUT', '{"public_metadata":null}', 'null'],
    [
      'PATCH',
      '{"public_metadata":{"b":9007199254740993}}',
      '{"a":1,"deep":{"x":[1,2],"y":{"z":1}},"b":9007199254740993}',
    ],
    ['PATCH', '{"public_metadata":{"a":null}}', '{"deep":{"x":[1,2],"y":{"z":1}}}'],
    [
      'PATCH',
      '{"public_metadata":{"deep":{"x":[3],"y":{"z":null,"n":{"m":null}}}}}',
      '{"a":1,"deep":{"x":[3],"y":{"n":{}}}}',
    ],
    ['PATCH', '{"public_metadata":{"a":{"b":1}}}', '{"a":{"b":1},"deep":{"x":[1,2],"y":{"z":1}}}'],
    ['PATCH', '{"public_metadata":{}}', JSON.stringify(before.public_metadata)],
    ['PATCH', '{"public_metadata":null}', '{}'],
  ])('%s %s makes %s, and leaves the other kinds', async (method, body, stored) => {
    const clerk = await useMetadata();
    const { status, text } = await ask(clerk, `${method} ${METADATA}`, body);
    const {
      public_metadata: found,
      private_metadata: other,
      unsafe_metadata: third,
    } = clerk.users.get(ID) as ApiUserJson;
    expect({ status, found: JSON.stringify(found), other, third }).toEqual({
      ...{ status: 200, found: stored, other: { kept: true }, third: {} },
    });
    expect(text).toBe(JSON.stringify(clerk.users.get(ID)));
  });

  const large = JSON.stringify({ text: 'é'.repeat(4096) });
  test.each<[string, string, string, readonly [number, string, string]]>([
    ['PUT', 'another property', '{"first_name":"x"}', [422, 'form_param_unknown', 'first_name']],
    ['PATCH', 'a list', '{"public_metadata":[]}', [422, 'form_param_value_invalid', 'public_metadata']],
    ['PUT', 'a text', '{"private_metadata":"x"}', [422, 'form_param_value_invalid', 'private_metadata']],
    ['PUT', '8 KB', `{"unsafe_metadata":${large}}`, [422, 'form_param_exceeds_allowed_size', 'unsafe_metadata']],
    ['PATCH', '8 KB', `{"public_metadata":${large}}`, [422, 'form_param_exceeds_allowed_size', 'public_metadata']],
  ])('%s refuses %s', async (method, _what, body, refusal) => {
    const clerk = await useMetadata();
    expect(readRefusal(await ask(clerk, `${method} ${METADATA}`, body))).toEqual([refusal]);
    expect(clerk.users.get(ID)).toEqual(makeApiUser(0, before));
  });
});

test.each([
  ['ban', { banned: false }, { banned: true }],
  ['unban', { banned: true }, { banned: false }],
  ['lock', { locked: false }, { locked: true, lockout_expires_in_seconds: 3600 }],
  ['unlock', { locked: true, lockout_expires_in_seconds: 9 }, { locked: false, lockout_expires_in_seconds: null }],
])('POST %s answers with the user', async (action, before, after) => {
  const user = makeApiUser(0, before);
  const clerk = await useClerk({ users: [user] });
  const { status, text } = await ask(clerk, `POST /users/${ID}/${action}`);
  expect({ status, user: JSON.parse(text) }).toEqual({ status: 200, user: { ...user, ...after, updated_at: NOW } });
});

test('a deleted user is gone, and an event says so', async () => {
  const clerk = await useClerk();
  const { status, text } = await ask(clerk, `DELETE /users/${ID}`);
  const deleted = { object: 'user', id: ID, deleted: true };
  expect({ status, body: JSON.parse(text) }).toEqual({ status: 200, body: deleted });
  expect(clerk.events.map(({ type, body }) => [type, JSON.parse(body).data])).toEqual([
    ['user.deleted', { ...deleted, external_id: 'customer_0000000' }],
  ]);
  for (const call of [`DELETE /users/${ID}`, `POST /users/${ID}/ban`]) {
    expect(readRefusal(await ask(clerk, call))).toEqual([[404, 'resource_not_found', undefined]]);
  }
});

describe('e-mail addresses', () => {
  const NEW = { user_id: ID, email_address: 'new@example.com' };
  const add = (clerk: FakeClerk, properties: unknown) =>
    ask(clerk, 'POST /email_addresses', JSON.stringify(properties));
  const readEmails = (clerk: FakeClerk) => {
    const { email_addresses: emails, primary_email_address_id: primary } = clerk.users.get(ID) as ApiUserJson;
    const list = emails as readonly {
      readonly id: string;
      readonly verification: { readonly status: string } | null;
    }[];
    return { primary, emails: list.map(({ id, verification }) => [id, verification?.status ?? null]) };
  };
  const old = [
    [EMAIL_B, 'verified'],
    [EMAIL_A, 'verified'],
  ];

  test('a new one is neither verified nor primary, unless that is asked for', async () => {
    const clerk = await useClerk();
    const first = JSON.parse((await add(clerk, NEW)).text);
    expect(first).toEqual({
      ...{ id: expect.stringMatching(/^idn_\w{27}$/), object: 'email_address', email_address: 'new@example.com' },
      ...{ reserved: false, matches_sso_connection: false, verification: null, linked_to: [] },
      ...{ created_at: NOW, updated_at: NOW },
    });
    expect(readEmails(clerk)).toEqual({ primary: EMAIL_A, emails: [...old, [first.id, null]] });
    const asked = { ...NEW, email_address: 'b@example.com', verified: true, primary: true };
    const second = JSON.parse((await add(clerk, { ...asked, notify_primary_email_address_changed: true })).text);
    expect(readEmails(clerk)).toEqual({
      primary: second.id,
      emails: [...old, [first.id, null], [second.id, 'verified']],
    });
    expect(clerk.writes.map(({ userId, orders }) => [userId, orders])).toEqual([
      [ID, []],
      [ID, ['notify_primary_email_address_changed']],
    ]);
  });

  test('one becomes verified, and then primary', async () => {
    const clerk = await useClerk();
    const { id } = JSON.parse((await add(clerk, NEW)).text);
    const change = (properties: unknown) => ask(clerk, `PATCH /email_addresses/${id}`, JSON.stringify(properties));
    expect(readRefusal(await change({ primary: true }))).toEqual([[422, 'form_verification_needed', 'primary']]);
    expect((await change({ verified: true, primary: true })).status).toBe(200);
    expect(readEmails(clerk)).toEqual({ primary: id, emails: [...old, [id, 'verified']] });
    expect(readRefusal(await change({ email_address: 'c@example.com' }))).toEqual([
      [422, 'form_param_unknown', 'email_address'],
    ]);
  });

  test('one that is dropped hands on what it was', async () => {
    const clerk = await useClerk();
    await patch(clerk, { primary_email_address_id: EMAIL_B });
    const { status, text } = await ask(clerk, `DELETE /email_addresses/${EMAIL_B}`);
    expect({ status, body: JSON.parse(text) }).toEqual({
      status: 200,
      body: { object: 'email_address', id: EMAIL_B, deleted: true },
    });
    expect(readEmails(clerk)).toEqual({ primary: EMAIL_A, emails: [[EMAIL_A, 'verified']] });
  });

  test('one that is linked to an account stays, and so does the last thing to sign in with', async () => {
    const clerk = await useClerk();
    const drop = async (id: string) => readRefusal(await ask(clerk, `DELETE /email_addresses/${id}`));
    expect(await drop(EMAIL_A)).toEqual([[400, 'delete_linked_identification_disallowed', undefined]]);
    const [email] = makeApiUser(0).email_addresses as readonly { readonly id: string }[];
    const only = { email_addresses: [email], phone_numbers: [], external_accounts: [], username: null };
    clerk.setUser(makeApiUser(0, only));
    expect(await drop(EMAIL_B)).toEqual([[400, 'last_required_identification_deletion_failed', undefined]]);
    expect(await drop('idn_gone')).toEqual([[404, 'resource_not_found', undefined]]);
  });

  test.each<[unknown, ...(readonly [number, string, string | undefined])[]]>([
    [{}, [422, 'form_param_missing', 'user_id'], [422, 'form_param_missing', 'email_address']],
    [{ ...NEW, email_address: 7 }, [422, 'form_param_value_invalid', 'email_address']],
    [{ ...NEW, email_address: 'nobody' }, [422, 'form_param_format_invalid', 'email_address']],
    [{ ...NEW, email_address: 'ADA.a.0000001@example.com' }, [422, 'form_identifier_exists', 'email_address']],
    [{ ...NEW, primary: true }, [422, 'form_verification_needed', 'primary']],
    [{ ...NEW, verified: 'yes' }, [422, 'form_param_value_invalid', 'verified']],
    [{ ...NEW, reserved: true }, [422, 'form_param_unknown', 'reserved']],
    [{ ...NEW, user_id: 'user_gone' }, [404, 'resource_not_found', undefined]],
  ])('refuse %j', async (properties, ...refusal) => {
    expect(readRefusal(await add(await useClerk(), properties))).toEqual(refusal);
  });
});

describe('limits', () => {
  const METADATA = `/users/${ID}/metadata`;

  test('a user may be changed ten times in ten seconds, by all three calls together', async () => {
    let now = NOW;
    const clerk = await useClerk({ now: () => now });
    const calls = [`PATCH /users/${ID}`, `PATCH ${METADATA}`, `PUT ${METADATA}`];
    for (let place = 0; place < 10; place += 1) {
      expect((await ask(clerk, calls[place % 3] ?? '', '{}')).status).toBe(200);
    }
    now += 3500;
    for (const call of calls) {
      const answer = await ask(clerk, call, '{}');
      expect([readRefusal(answer), answer.retryAfter]).toEqual([[[429, 'too_many_requests', undefined]], '7']);
    }
    const free = [`POST /users/${ID}/ban`, `GET /users/${ID}`, `PATCH /users/${makeUserId(1)}`];
    for (const call of free) {
      expect((await ask(clerk, call, call.startsWith('PATCH') ? '{}' : undefined)).status).toBe(200);
    }
    now += 6500;
    expect((await patch(clerk, {})).status).toBe(200);
  });

  test('a user, or the whole instance, can be blocked for a time', async () => {
    let now = NOW;
    const clerk = await useClerk({ now: () => now });
    const other = `PATCH /users/${makeUserId(1)}`;
    clerk.blockUser(ID, 10_000);
    const blocked = await patch(clerk, {});
    expect([blocked.status, blocked.retryAfter, (await ask(clerk, other, '{}')).status]).toEqual([429, '10', 200]);
    clerk.blockInstance(2000);
    expect([(await ask(clerk, other, '{}')).status, (await ask(clerk, 'GET /users')).status]).toEqual([429, 429]);
    now += 10_000;
    expect([(await patch(clerk, {})).status, (await ask(clerk, other, '{}')).status]).toEqual([200, 200]);
  });
});

describe('a fault', () => {
  const BEFORE: readonly Fault[] = [
    { kind: 'status', status: 500 },
    { kind: 'status', status: 409, code: 'resource_locked' },
    { kind: 'status', status: 401 },
    { kind: 'status', status: 429, headers: { 'retry-after': '3' } },
    { kind: 'cut' },
  ];
  const cases = BEFORE.flatMap((fault): [string, Fault, number][] => [
    [`before a write is applied: ${JSON.stringify(fault)}`, fault, 0],
    [`after it: ${JSON.stringify(fault)}`, { kind: 'applied', fault }, 1],
  ]);

  test.each(cases)('%s', async (_what, fault, writes) => {
    const clerk = await useClerk();
    clerk.intercept(() => fault);
    const outcome = await patch(clerk, { first_name: 'Grace' }).catch(() => 'cut');
    const inner = fault.kind === 'applied' ? fault.fault : fault;
    expect(outcome).toEqual(
      inner.kind === 'cut' ? 'cut' : expect.objectContaining({ status: 'status' in inner && inner.status }),
    );
    expect([clerk.writes.length, clerk.events.length, clerk.users.get(ID)?.first_name === 'Grace']).toEqual([
      ...[writes, writes, writes === 1],
    ]);
  });

  const slow: Fault = { kind: 'slow', ms: 300 };
  test.each<[string, Fault, number]>([
    ['before the write', slow, 0],
    ['after it', { kind: 'applied', fault: slow }, 1],
  ])('can make an answer late, with the wait %s', async (_when, fault, writesAtOnce) => {
    const clerk = await useClerk();
    clerk.intercept(() => fault);
    const answer = patch(clerk, {});
    await vi.waitUntil(() => clerk.requests.length === 1);
    await new Promise(setImmediate);
    expect(clerk.writes.length).toBe(writesAtOnce);
    expect((await answer).status).toBe(200);
    expect(clerk.writes.length).toBe(1);
  });

  test('can have another code of Clerk’s', async () => {
    const clerk = await useClerk();
    clerk.intercept(() => ({ kind: 'status', status: 409, code: 'user_managed_by_scim' }));
    expect(readRefusal(await patch(clerk, {}))).toEqual([[409, 'user_managed_by_scim', undefined]]);
  });
});

describe('an event', () => {
  test('tells what the answer tells, is signed, and is sent until it is taken', async () => {
    const secret = makeSecret();
    const verify = createVerifier([secret]);
    const received: { messageId: string; body: string }[] = [];
    let refusals = 2;
    const receiver = await serveFake(async (request) => {
      refusals -= 1;
      if (refusals >= 0) return new Response(null, { status: 503 });
      const delivery = verify({
        headers: request.headers,
        bytes: new Uint8Array(await request.arrayBuffer()),
        receivedAt: new Date(),
      });
      received.push(delivery);
      return new Response(null, { status: 200 });
    });
    onTestFinished(() => receiver.close());
    const clerk = await useClerk({ deliver: postEvents(receiver.url, secret) });
    const { text } = await patch(clerk, { first_name: 'Grace' });
    await clerk.settleEvents();
    expect(received.map(({ messageId, body }) => ({ messageId, event: JSON.parse(body) }))).toEqual([
      {
        messageId: clerk.events[0]?.messageId,
        event: {
          ...{ object: 'event', type: 'user.updated', timestamp: NOW, instance_id: clerk.instanceId },
          event_attributes: { http_request: { client_ip: '127.0.0.1', user_agent: 'clerk-sync' } },
          data: JSON.parse(text),
        },
      },
    ]);
  });

  test('is later than the one before, also where the clock stands still', async () => {
    const clerk = await useClerk({ clockOffsetMs: HOUR_MS });
    await patch(clerk, {});
    await patch(clerk, {});
    expect(clerk.writes.map(({ updatedAt }) => updatedAt)).toEqual([NOW + HOUR_MS, NOW + HOUR_MS + 1]);
  });
});

test('each request is recorded with its bytes', async () => {
  const clerk = await useClerk();
  const body = '{ "first_name" : "Zo\\u00eb ☃" }';
  await ask(clerk, `PATCH /users/${ID}`, body);
  const recorded = { place: 0, method: 'PATCH', path: `/users/${ID}`, body };
  expect(clerk.requests).toEqual([{ ...recorded, query: {}, headers: expect.any(Object), at: NOW }]);
  expect(clerk.writes).toEqual([{ ...recorded, userId: ID, updatedAt: NOW, orders: [] }]);
});

test.each<[string, { call: string; body: string; headers?: Record<string, string> }, [number, string]]>([
  [
    'another version',
    { call: `PATCH /users/${ID}`, body: '{}', headers: { 'clerk-api-version': '2025-03-12' } },
    [400, 'api_version_invalid'],
  ],
  [
    'two versions',
    { call: `PATCH /users/${ID}?__clerk_api_version=2026-05-12`, body: '{}' },
    [400, 'api_version_invalid'],
  ],
  [
    'text',
    { call: `PATCH /users/${ID}`, body: '{}', headers: { 'content-type': 'text/plain' } },
    [415, 'unsupported_content_type'],
  ],
  ['no JSON', { call: `PATCH /users/${ID}`, body: '{' }, [400, 'request_body_invalid']],
  ['no object', { call: `PUT /users/${ID}/metadata`, body: '[]' }, [400, 'request_body_invalid']],
  ['too much', { call: `PATCH /users/${ID}`, body: `"${'x'.repeat(1_000_001)}"` }, [413, 'request_body_too_large']],
  ['an id of nobody', { call: 'PATCH /users/user_gone', body: '{}' }, [404, 'resource_not_found']],
])('a request with %s is refused', async (_what, { call, body, headers }, refusal) => {
  expect(readRefusal(await ask(await useClerk(), call, body, headers))).toEqual([[...refusal, undefined]]);
});
