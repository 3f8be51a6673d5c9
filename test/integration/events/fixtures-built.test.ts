import { describe, expect, test } from 'vitest';
import { at, statedAllBut, tables } from '../../support/expected-rows.ts';
import { useWebhooks } from '../../support/webhooks.ts';

const instance_id = 'ins_3A0Derived0000000000000000';

/** What the users of the built payloads have in common. */
const user = {
  instance_id,
  profile_image_url: 'https://www.gravatar.com/avatar?d=mp',
  image_url: 'https://img.clerk.com/eyJ0eXBlIjoiZGVmYXVsdCJ9',
  has_image: false,
  public_metadata: {},
  private_metadata: {},
  unsafe_metadata: {},
  password_enabled: false,
  requires_password_reset: false,
  two_factor_enabled: false,
  totp_enabled: false,
  backup_code_enabled: false,
  banned: false,
  locked: false,
  verification_attempts_remaining: 100,
  deprovisioned: false,
  bypass_client_trust: false,
  delete_self_enabled: true,
  create_organization_enabled: true,
  last_active_at: at(1_783_999_999_999),
  created_at: at(1_784_000_000_000),
  updated_at: at(1_784_000_000_040),
  observed_at: at(1_784_000_000_060),
  last_message_id: 'msg_1',
  stated_keys: statedAllBut(
    ...['timezone', 'birthday', 'gender', 'scim', 'organization_memberships', 'create_organizations_limit'],
  ),
};
const message = { message_id: 'msg_1', instance_id, event_at: at(1_784_000_000_060), outcome: 'applied' };

/** The verified address that several of them have, but for its id and the address itself. */
const emailAddress = {
  reserved: false,
  verification: {
    object: 'verification_otp',
    attempts: 1,
    expire_at: 1_784_000_600_000,
    status: 'verified',
    strategy: 'email_code',
  },
  verification_status: 'verified',
  verification_strategy: 'email_code',
  linked_to: [],
  matches_sso_connection: false,
  created_at: at(1_783_999_992_000),
  updated_at: at(1_784_000_000_005),
};

describe('payloads built from the specification', () => {
  test('50: a user may have a phone number and nothing else', async () => {
    const webhooks = await useWebhooks();
    expect(await webhooks.sendFixture('50-created-phone-only', { messageId: 'msg_1' })).toBe('applied');
    const user_id = 'user_3AwkJiNetElDmbrxTh0alpAfmHv';
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [{ ...user, id: user_id, primary_phone_number_id: 'idn_3AUP4NGTvjGZRhB8Heu0yzPnqpV' }],
        phone_numbers: [
          {
            user_id,
            id: 'idn_3AUP4NGTvjGZRhB8Heu0yzPnqpV',
            phone_number: '+15005550150',
            reserved_for_second_factor: false,
            default_second_factor: false,
            reserved: false,
            verification: {
              object: 'verification_otp',
              attempts: 1,
              expire_at: 1_784_000_600_000,
              status: 'verified',
              strategy: 'phone_code',
              channel: 'sms',
            },
            verification_status: 'verified',
            verification_strategy: 'phone_code',
            linked_to: [],
            created_at: at(1_783_999_992_000),
            updated_at: at(1_784_000_000_005),
          },
        ],
        webhook_messages: [{ ...message, event_type: 'user.created', user_id }],
      }),
    );
  });

  test('51: a user may have a wallet and nothing else, with the message of its verification over several lines', async () => {
    const webhooks = await useWebhooks();
    expect(await webhooks.sendFixture('51-created-web3-only-metamask', { messageId: 'msg_1' })).toBe('applied');
    const user_id = 'user_3AOe4uHUYa4EIoAfTWkra4XMLBg';
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [{ ...user, id: user_id, primary_web3_wallet_id: 'idn_3Ayo5KZ4IVTdL8A7enCn5b6by3S' }],
        web3_wallets: [
          {
            user_id,
            id: 'idn_3Ayo5KZ4IVTdL8A7enCn5b6by3S',
            web3_wallet: '0x52908400098527886E0F7030069857D2E4169EE7',
            verification: {
              object: 'verification_web3',
              attempts: 1,
              expire_at: 1_784_000_600_000,
              message:
                'Example wants you to sign in with your account:\n0x52908400098527886E0F7030069857D2E4169EE7\n\nNonce: 1',
              nonce: 'foz4bbtrtw283h0bz72r101d9t9uyjdyx0t84krg',
              status: 'verified',
              strategy: 'web3_metamask_signature',
            },
            verification_status: 'verified',
            verification_strategy: 'web3_metamask_signature',
            created_at: at(1_783_999_992_000),
            updated_at: at(1_784_000_000_005),
          },
        ],
        webhook_messages: [{ ...message, event_type: 'user.created', user_id }],
      }),
    );
  });

  test('53: passkeys keep what they have of name, times and verification', async () => {
    const webhooks = await useWebhooks();
    const fixture = '53-updated-two-passkeys-totp-backup-codes';
    expect(await webhooks.sendFixture(fixture, { messageId: 'msg_1' })).toBe('applied');
    const user_id = 'user_3AUeMPHtSBIpZMB4Rpi1RrrpFcU';
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [
          {
            ...user,
            id: user_id,
            primary_email_address_id: 'idn_3AWKqFWkdQm2RCD9bP3tHpgh0us',
            password_enabled: true,
            two_factor_enabled: true,
            totp_enabled: true,
            backup_code_enabled: true,
            mfa_enabled_at: at(1_783_999_997_000),
            mfa_disabled_at: at(1_783_999_996_000),
          },
        ],
        email_addresses: [
          { ...emailAddress, user_id, id: 'idn_3AWKqFWkdQm2RCD9bP3tHpgh0us', email_address: 'pk@example.com' },
        ],
        passkeys: [
          { user_id, id: 'idn_3A5wKC9h43UlpmQ6dV3zODZa55A' },
          {
            user_id,
            id: 'idn_3AHnzGmFDee5lRm6WTa3yHv7ivy',
            name: 'Chrome on macOS',
            last_used_at: at(1_783_999_999_900),
            verification: {
              object: 'verification_passkey',
              attempts: null,
              expire_at: null,
              message: null,
              nonce: 'nonce',
              status: 'verified',
              strategy: 'passkey',
            },
            verification_status: 'verified',
            verification_strategy: 'passkey',
            created_at: at(1_783_999_995_000),
            updated_at: at(1_783_999_999_900),
          },
        ],
        webhook_messages: [{ ...message, event_type: 'user.updated', user_id }],
      }),
    );
  });

  test('60: two unfinished links to one provider are two rows without an id at the provider', async () => {
    const webhooks = await useWebhooks();
    const fixture = '60-updated-two-unfinished-apple-links-empty-provider-id';
    expect(await webhooks.sendFixture(fixture, { messageId: 'msg_1' })).toBe('applied');
    const user_id = 'user_3AuAehNAyHFdoT0NGCdAuBTFzf3';
    const unfinished = {
      user_id,
      provider: 'oauth_apple',
      provider_user_id: null,
      approved_scopes: '',
      email_address: '',
      first_name: '',
      last_name: '',
      image_url: 'https://img.clerk.com/eyJ0eXBlIjoicHJveHkifQ',
      public_metadata: {},
      verification_strategy: 'oauth_apple',
      created_at: at(1_783_999_992_000),
      updated_at: at(1_783_999_992_000),
    };
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [{ ...user, id: user_id, primary_email_address_id: 'idn_3Anj9bMw5O27k4w0oMjQ3RCN1tt' }],
        email_addresses: [
          { ...emailAddress, user_id, id: 'idn_3Anj9bMw5O27k4w0oMjQ3RCN1tt', email_address: 'retry@example.com' },
        ],
        external_accounts: [
          {
            ...unfinished,
            id: 'idn_3ATzaK6b2jzb7R76XZJhV9qWyrD',
            external_account_id: 'eac_3AIYK9XNCmkTMJuggyyNrsJcceQ',
            verification: {
              object: 'verification_oauth',
              attempts: null,
              error: {
                code: 'oauth_identification_claimed',
                message: 'Identification claimed by another user',
                long_message:
                  'The email address associated with this OAuth account is already claimed by another user.',
              },
              expire_at: 1_783_999_999_999,
              status: 'expired',
              strategy: 'oauth_apple',
            },
            verification_status: 'expired',
          },
          {
            ...unfinished,
            id: 'idn_3AqOZF443DhQf1hSZZ0YZz0OHpr',
            external_account_id: 'eac_3AhmCw3PXP1ZEO31EIs2bhHygBc',
            verification: {
              object: 'verification_oauth',
              attempts: null,
              expire_at: 1_784_000_600_000,
              external_verification_redirect_url: 'https://appleid.apple.com/auth/authorize?x=1',
              status: 'unverified',
              strategy: 'oauth_apple',
            },
            verification_status: 'unverified',
          },
        ],
        webhook_messages: [{ ...message, event_type: 'user.updated', user_id }],
      }),
    );
  });

  test('66: a user may have a username and nothing else, and be older than Clerk', async () => {
    const webhooks = await useWebhooks();
    expect(await webhooks.sendFixture('66-created-username-only-imported', { messageId: 'msg_1' })).toBe('applied');
    const user_id = 'user_3Ai18tkmwbZ6BY61s2aTamdYZcF';
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [
          {
            ...user,
            id: user_id,
            external_id: 'legacy|42',
            username: 'only_name',
            password_enabled: true,
            password_last_updated_at: at(1_784_000_000_000),
            last_active_at: null,
            created_at: '2010-01-01T00:00:00+00:00',
          },
        ],
        webhook_messages: [{ ...message, event_type: 'user.created', user_id }],
      }),
    );
  });
});
