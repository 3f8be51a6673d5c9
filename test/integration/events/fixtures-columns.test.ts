import { describe, expect, test } from 'vitest';
import { at, statedAllBut, tables } from '../../support/expected-rows.ts';
import { useWebhooks } from '../../support/webhooks.ts';

const MS = 1_784_000_000_000;

/** The 39 properties of Clerk's User in the version of 2025-03-12. */
const USER_OF_2025 = `id object external_id primary_email_address_id primary_phone_number_id primary_web3_wallet_id
  username first_name last_name profile_image_url image_url has_image public_metadata private_metadata unsafe_metadata
  email_addresses phone_numbers web3_wallets passkeys password_enabled two_factor_enabled totp_enabled
  backup_code_enabled mfa_enabled_at mfa_disabled_at external_accounts saml_accounts last_sign_in_at banned locked
  lockout_expires_in_seconds verification_attempts_remaining updated_at created_at delete_self_enabled
  create_organization_enabled create_organizations_limit last_active_at legal_accepted_at`.split(/\s+/);

/** What came before and after, in specifications, in the SDK, or in events only. */
const USER_BESIDE_2025 = `locale password_last_updated_at enterprise_accounts organization_memberships deprovisioned
  bypass_client_trust scim timezone birthday gender requires_password_reset`.split(/\s+/);

/** Each property with a value that no other has: as sent, and as stored where that is not the same. */
type Properties = Record<string, [sent: unknown, stored?: unknown]>;

const time = (offset: number): [number, string] => [MS + offset, at(MS + offset)];

const USER: Properties = {
  id: ['user_1'],
  external_id: ['crm-1'],
  primary_email_address_id: ['idn_email'],
  primary_phone_number_id: ['idn_phone'],
  primary_web3_wallet_id: ['idn_wallet'],
  username: ['ada'],
  first_name: ['Ada'],
  last_name: ['Lovelace'],
  locale: ['en-GB'],
  timezone: ['Europe/London'],
  birthday: ['1815-12-10'],
  gender: ['female'],
  profile_image_url: ['https://example.com/profile'],
  image_url: ['https://example.com/image'],
  has_image: [true],
  public_metadata: [{ plan: 'pro' }],
  private_metadata: [{ crm: 1 }],
  unsafe_metadata: [{ theme: 'dark' }],
  password_enabled: [true],
  password_last_updated_at: time(1),
  requires_password_reset: [true],
  two_factor_enabled: [true],
  totp_enabled: [true],
  backup_code_enabled: [true],
  mfa_enabled_at: time(2),
  mfa_disabled_at: time(3),
  organization_memberships: [[{ id: 'orgmem_1', role: 'org:admin' }]],
  last_sign_in_at: time(4),
  banned: [true],
  locked: [true],
  deprovisioned: [true],
  lockout_expires_in_seconds: [3600],
  verification_attempts_remaining: [99],
  updated_at: time(5),
  created_at: time(6),
  delete_self_enabled: [true],
  create_organization_enabled: [true],
  create_organizations_limit: [{ digits: '9223372036854775807' }],
  last_active_at: time(7),
  legal_accepted_at: time(8),
  bypass_client_trust: [true],
  scim: [{ directory_id: 'dir_1', directory_enabled: true, external_id: null }],
};

const VERIFICATION = { object: 'verification_any', status: 'some_status', strategy: 'some_strategy', attempts: 1 };
const TIMES: Properties = { created_at: time(11), updated_at: time(12) };
const verification: Properties = { verification: [VERIFICATION] };
const SSO: Properties = {
  provider: ['saml_okta'],
  active: [true],
  email_address: ['sso@example.com'],
  first_name: ['Ada S.'],
  last_name: ['Lovelace S.'],
  provider_user_id: ['00u1'],
  last_authenticated_at: time(13),
  public_metadata: [{ groups: ['eng'] }],
  ...verification,
};

/** Every property of each kind of child, but its type tag and what a phone number must not be asked for. */
const CHILDREN: Record<string, Properties> = {
  email_addresses: {
    id: ['idn_email'],
    email_address: ['ada@example.com'],
    reserved: [true],
    ...verification,
    linked_to: [[{ type: 'oauth_x', id: 'idn_x' }]],
    matches_sso_connection: [true],
    ...TIMES,
  },
  phone_numbers: {
    id: ['idn_phone'],
    phone_number: ['+15005550006'],
    reserved_for_second_factor: [true],
    default_second_factor: [true],
    reserved: [true],
    ...verification,
    linked_to: [[{ type: 'oauth_y', id: 'idn_y' }]],
    ...TIMES,
  },
  web3_wallets: { id: ['idn_wallet'], web3_wallet: ['0xAbC'], ...verification, ...TIMES },
  passkeys: { id: ['idn_passkey'], name: ['Key'], last_used_at: time(14), ...verification, ...TIMES },
  external_accounts: {
    id: ['idn_account'],
    external_account_id: ['eac_account'],
    provider: ['oauth_google'],
    provider_user_id: ['100'],
    approved_scopes: ['email openid'],
    email_address: ['ada@gmail.example'],
    email_address_verified: [true],
    first_name: ['Ada G.'],
    last_name: ['Lovelace G.'],
    avatar_url: ['https://example.com/avatar'],
    image_url: ['https://example.com/account'],
    username: ['ada-g'],
    phone_number: ['+15005550007'],
    public_metadata: [{ scope: 'x' }],
    label: ['work'],
    ...verification,
    ...TIMES,
  },
  saml_accounts: { id: ['samlacc_1'], ...SSO, saml_connection: [{ id: 'samlc_1', domains: ['example.com'] }] },
  enterprise_accounts: {
    id: ['ea_1'],
    protocol: ['saml'],
    ...SSO,
    enterprise_connection_id: ['entconn_1'],
    enterprise_connection: [{ id: 'entconn_1', domain: 'example.com' }],
  },
};

/** What an external account carries beside, and where it says the same as a column. */
const REPEATED = {
  identification_id: 'idn_account',
  google_id: '100',
  given_name: 'Ada G.',
  family_name: 'Lovelace G.',
  picture: 'https://example.com/avatar',
};

const sent = (properties: Properties) =>
  Object.fromEntries(Object.entries(properties).map(([key, [value]]) => [key, value]));
const stored = (properties: Properties) =>
  Object.fromEntries(Object.entries(properties).map(([key, [value, other = value]]) => [key, other]));

/** The whole event, with `more` in each object. */
function makeBody(more: object): string {
  const lists = Object.entries(CHILDREN).map(([list, child]) => {
    const repeated = list === 'external_accounts' ? REPEATED : {};
    return [list, [{ object: list, ...sent(child), ...repeated, ...more }]];
  });
  const data = { object: 'user', ...sent(USER), ...Object.fromEntries(lists), ...more };
  const body = JSON.stringify({ type: 'user.updated', instance_id: 'ins_1', timestamp: MS + 20, data });
  return body.replace(/\{"digits":"(\d+)"\}/, '$1');
}

function expectedTables(extra: object) {
  const children = Object.entries(CHILDREN).map(([list, child]) => [
    list,
    [
      {
        user_id: 'user_1',
        ...stored(child),
        verification_status: 'some_status',
        verification_strategy: 'some_strategy',
        extra,
      },
    ],
  ]);
  return tables({
    users: [
      {
        ...stored(USER),
        instance_id: 'ins_1',
        observed_at: at(MS + 20),
        last_message_id: 'msg_1',
        stated_keys: statedAllBut(),
        extra,
      },
    ],
    ...Object.fromEntries(children),
    webhook_messages: [
      {
        message_id: 'msg_1',
        event_type: 'user.updated',
        user_id: 'user_1',
        instance_id: 'ins_1',
        event_at: at(MS + 20),
        outcome: 'applied',
      },
    ],
  });
}

describe('the columns', () => {
  test('hold every property that Clerk’s User has had, and every property of its children', async () => {
    const webhooks = await useWebhooks();
    // The type tag alone has no column: each table has one type.
    const properties = [...Object.keys(USER), ...Object.keys(CHILDREN), 'object'];
    expect(properties.toSorted()).toEqual([...USER_OF_2025, ...USER_BESIDE_2025].toSorted());
    await webhooks.send(makeBody({}), { messageId: 'msg_1' });
    expect(await webhooks.dump()).toEqual(expectedTables({}));
  });

  test('are all emptied by the deletion of the user, and each kind of child is removed', async () => {
    const webhooks = await useWebhooks();
    await webhooks.send(makeBody({ brand_new: 1 }), { messageId: 'msg_1' });
    const deletion = { type: 'user.deleted', instance_id: 'ins_1', timestamp: MS + 30, data: { id: 'user_1' } };
    await webhooks.sendEvent(deletion, { messageId: 'msg_2' });
    const times = { observed_at: at(MS + 30), deleted_at: at(MS + 30) };
    const message = { user_id: 'user_1', instance_id: 'ins_1', outcome: 'applied' };
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [{ id: 'user_1', instance_id: 'ins_1', ...times, last_message_id: 'msg_2' }],
        webhook_messages: [
          { ...message, message_id: 'msg_1', event_type: 'user.updated', event_at: at(MS + 20) },
          { ...message, message_id: 'msg_2', event_type: 'user.deleted', event_at: at(MS + 30) },
        ],
      }),
    );
  });

  test('leave whatever else comes to extra, in the user and in each kind of child', async () => {
    const webhooks = await useWebhooks();
    const unknown = { brand_new: { since: 2027, list: [null, 'x'] }, newer: null, constructor: 'yes' };
    await webhooks.send(makeBody(unknown), { messageId: 'msg_1' });
    expect(await webhooks.dump()).toEqual(expectedTables(unknown));
  });

  test('keep a verification whole, with its status and strategy beside it as free text', async () => {
    const webhooks = await useWebhooks();
    const error = { code: 'x', message: 'X', long_message: 'X!', meta: { n: 1 } };
    const verifications = [
      { object: 'verification_otp', status: 'failed', strategy: 'reset_password_email_code', channel: 'sms' },
      { object: 'verification_admin', status: 'verified', strategy: 'admin', verified_at_client: null },
      { object: 'verification_from_oauth', status: 'verified', strategy: 'from_oauth_linkedin_oidc', error },
      { object: 'verification_ticket', status: 'expired', strategy: 'ticket', attempts: null, expire_at: null },
      { object: 'verification_saml', status: 'transferable', strategy: 'saml', error: null },
      { object: 'verification_email_link', status: 'unverified', strategy: 'email_link' },
      { object: 'verification_scim', status: 'verified', strategy: 'scim' },
      { object: 'verification_web3', status: 'verified', strategy: 'web3_solana_signature', nonce: 'n', message: 'm' },
      { object: 'verification_passkey', status: 'verified', strategy: 'passkey' },
      { object: 'verification_oauth', status: 'verified', strategy: 'oauth_custom_my_idp_2' },
      { object: 'verification_google_one_tap', status: 'verified', strategy: 'google_one_tap' },
      { status: 'a status of 2030', strategy: 'telepathy', brand_new: [1.5] },
      {},
      null,
    ];
    const email_addresses = verifications.map((one, place) => ({ id: `idn_${place}`, verification: one }));
    await webhooks.sendEvent({ type: 'user.created', data: { id: 'user_1', email_addresses } });
    const rows = await webhooks.sql`
      select verification, verification_status as status, verification_strategy as strategy
      from clerk.email_addresses order by substring(id from 5)::int`;
    expect([...rows]).toEqual(
      verifications.map((one) => ({ verification: one, status: one?.status ?? null, strategy: one?.strategy ?? null })),
    );
  });
});
