import { describe, expect, test } from 'vitest';
import { at, stated, statedAllBut, tables } from '../../support/expected-rows.ts';
import { readFixture, useWebhooks } from '../../support/webhooks.ts';

const instance_id = 'ins_3A0Derived0000000000000000';
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
const message = {
  message_id: 'msg_1',
  event_type: 'user.created',
  instance_id,
  event_at: at(1_784_000_000_060),
  outcome: 'applied',
};
const emailTimes = { created_at: at(1_783_999_992_000), updated_at: at(1_784_000_000_005) };

describe('accounts at identity providers', () => {
  test('54: an account that stands in both lists is a row in both tables', async () => {
    const webhooks = await useWebhooks();
    const fixture = '54-created-saml-in-both-saml-and-enterprise-lists';
    expect(await webhooks.sendFixture(fixture, { messageId: 'msg_1' })).toBe('applied');
    const user_id = 'user_3AUx78qdzEBErQnqA2RCW7bYCeN';
    const connection = {
      active: true,
      allow_idp_initiated: false,
      allow_subdomains: false,
      created_at: 1_783_999_100_000,
      disable_additional_identifications: false,
      domain: 'corp.example',
      name: 'Corp Okta',
      provider: 'saml_okta',
      sync_user_attributes: true,
      updated_at: 1_783_999_100_000,
    };
    const account = {
      user_id,
      id: 'samlacc_3A54abcdefghijklmnopqrstuv',
      provider: 'saml_okta',
      active: true,
      email_address: 'lee@corp.example',
      first_name: 'Lee',
      provider_user_id: '00u1abcd2EFGHIJK3l4',
      last_authenticated_at: at(1_783_999_999_980),
      public_metadata: { groups: ['eng', 'ops'] },
      verification: {
        object: 'verification_saml',
        attempts: null,
        error: null,
        expire_at: 1_784_000_600_000,
        external_verification_redirect_url: null,
        status: 'verified',
        strategy: 'saml',
      },
      verification_status: 'verified',
      verification_strategy: 'saml',
    };
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [
          { ...user, id: user_id, first_name: 'Lee', primary_email_address_id: 'idn_3ApeVaPxPTAMmx74cV4LxMv8a5W' },
        ],
        email_addresses: [
          {
            user_id,
            id: 'idn_3ApeVaPxPTAMmx74cV4LxMv8a5W',
            email_address: 'lee@corp.example',
            reserved: false,
            verification: {
              object: 'verification_saml',
              attempts: null,
              expire_at: null,
              status: 'verified',
              strategy: 'saml',
            },
            verification_status: 'verified',
            verification_strategy: 'saml',
            linked_to: [{ id: 'idn_3AZnVqz2BdmIP3qxZoPBBGIl2bo', type: 'saml' }],
            matches_sso_connection: true,
            ...emailTimes,
          },
        ],
        saml_accounts: [{ ...account, saml_connection: { ...connection, id: 'samlc_3A54' } }],
        enterprise_accounts: [
          {
            ...account,
            protocol: 'saml',
            enterprise_connection_id: 'entconn_3A54',
            enterprise_connection: {
              ...connection,
              id: 'entconn_3A54',
              domains: ['corp.example', 'corp2.example'],
              logo_public_url: null,
              protocol: 'saml',
            },
          },
        ],
        webhook_messages: [{ ...message, user_id }],
      }),
    );
  });

  test('55: an account through OAuth may be unverified and name its connection only inside', async () => {
    const webhooks = await useWebhooks();
    expect(await webhooks.sendFixture('55-created-enterprise-oidc-only', { messageId: 'msg_1' })).toBe('applied');
    const user_id = 'user_3ALKjs7d9YIj2NsMt6DcC5gz7Tk';
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [
          { ...user, id: user_id, first_name: 'Sam', primary_email_address_id: 'idn_3A78REcNCt6VyFN2ebpFXwUJYcF' },
        ],
        email_addresses: [
          {
            user_id,
            id: 'idn_3A78REcNCt6VyFN2ebpFXwUJYcF',
            email_address: 'sam@acme.example',
            reserved: false,
            verification: {
              object: 'verification_from_oauth',
              attempts: null,
              expire_at: null,
              status: 'verified',
              strategy: 'from_oauth_custom_acme',
            },
            verification_status: 'verified',
            verification_strategy: 'from_oauth_custom_acme',
            linked_to: [],
            matches_sso_connection: true,
            ...emailTimes,
          },
        ],
        enterprise_accounts: [
          {
            user_id,
            id: 'eac_3ALKjs7d9YIj2NsMt6DcC5gz7Tk',
            protocol: 'oauth',
            provider: 'oauth_custom_acme',
            active: true,
            email_address: 'sam@acme.example',
            first_name: 'Sam',
            provider_user_id: 'user_123',
            public_metadata: {},
            enterprise_connection_id: null,
            enterprise_connection: {
              active: true,
              allow_idp_initiated: false,
              allow_subdomains: true,
              created_at: 1_783_999_100_000,
              disable_additional_identifications: true,
              domains: ['acme.example'],
              id: 'econn_3A55',
              logo_public_url: 'https://img.clerk.com/logo.png',
              name: 'Acme',
              protocol: 'oauth',
              provider: 'oauth_custom_acme',
              sync_user_attributes: false,
              updated_at: 1_783_999_100_000,
            },
          },
        ],
        webhook_messages: [{ ...message, user_id }],
      }),
    );
  });
});

describe('a user of the Backend API with children of every kind but passkeys', () => {
  test('09: applies in an event, its times in seconds and its providers without oauth_', async () => {
    const webhooks = await useWebhooks();
    const data = JSON.parse(readFixture('09-rest-user-clerk-sdk-fixture-all-kinds'));
    const event = { type: 'user.updated', object: 'event', instance_id, timestamp: 1_611_948_500_000, data };
    expect(await webhooks.sendEvent(event, { messageId: 'msg_9' })).toBe('applied');
    const user_id = 'user_cafebabe';
    const times = { created_at: '2021-01-29T19:27:16+00:00', updated_at: '2021-01-29T19:27:16+00:00' };
    const linked = {
      user_id,
      email_address: 'john.doe@clerk.test',
      first_name: 'John',
      last_name: 'Doe',
      avatar_url: 'https://clerk.com/test.jpg',
      image_url: 'https://clerk.com/test.jpg',
      username: 'jdoe',
      public_metadata: {},
      ...times,
    };
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [
          {
            id: user_id,
            instance_id,
            first_name: 'John',
            last_name: 'Doe',
            profile_image_url: 'https://clerk.com/test.jpg',
            image_url: 'https://clerk.com',
            primary_email_address_id: 'idn_email_address',
            primary_phone_number_id: 'idn_phone_number',
            primary_web3_wallet_id: 'idn_metamask',
            public_metadata: { zodiac_sign: 'leo' },
            private_metadata: {},
            password_enabled: false,
            two_factor_enabled: true,
            banned: false,
            ...times,
            observed_at: at(1_611_948_500_000),
            last_message_id: 'msg_9',
            stated_keys: stated(
              ...['instance_id', 'username', 'first_name', 'last_name', 'profile_image_url', 'image_url'],
              ...['primary_email_address_id', 'primary_phone_number_id', 'primary_web3_wallet_id', 'public_metadata'],
              ...['private_metadata', 'password_enabled', 'two_factor_enabled', 'banned', 'created_at'],
              ...['email_addresses', 'phone_numbers', 'web3_wallets', 'external_accounts', 'saml_accounts'],
              'enterprise_accounts',
            ),
          },
        ],
        email_addresses: [
          {
            user_id,
            id: 'idn_email_address',
            email_address: 'john.doe@clerk.test',
            reserved: true,
            verification: {
              status: 'verified',
              strategy: 'from_oauth_google',
              external_verification_redirect_url: null,
              attempts: 1,
              expire_at: 1_613_831_855,
            },
            verification_status: 'verified',
            verification_strategy: 'from_oauth_google',
            linked_to: [{ type: 'oauth_google', id: 'idn_email_address' }],
            ...times,
          },
        ],
        phone_numbers: [
          {
            user_id,
            id: 'idn_phone_number',
            phone_number: '+311-555-2368',
            reserved_for_second_factor: false,
            reserved: true,
            verification: {
              status: 'verified',
              strategy: 'phone_code',
              external_verification_redirect_url: null,
              attempts: 1,
              expire_at: 1_613_831_855,
            },
            verification_status: 'verified',
            verification_strategy: 'phone_code',
            linked_to: [],
            ...times,
          },
        ],
        web3_wallets: [
          {
            user_id,
            id: 'idn_metamask',
            web3_wallet: '0x0000000000000000000000000000000000000000',
            verification: {
              status: 'verified',
              strategy: 'web3_metamask_signature',
              attempts: 1,
              expire_at: 1_642_762_718_086,
              nonce: 'l6i2keszfr0yftb0aghwxye8xdxmec2x4m86elc5',
            },
            verification_status: 'verified',
            verification_strategy: 'web3_metamask_signature',
            ...times,
          },
        ],
        external_accounts: [
          {
            ...linked,
            id: 'idn_2abcGoogleIdentification00000',
            external_account_id: 'eac_2abcGoogleExternalAccount0000',
            provider: 'oauth_google',
            provider_user_id: '1234567890',
            approved_scopes:
              'email https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile openid profile',
            phone_number: '+306900000000',
          },
          {
            ...linked,
            id: 'idn_2defGithubIdentification00000',
            external_account_id: 'eac_2defGithubExternalAccount0000',
            provider: 'oauth_github',
            provider_user_id: '9876543210',
            approved_scopes: 'read:user user:email',
          },
        ],
        saml_accounts: [
          {
            user_id,
            id: 'samlacc_microsoft',
            provider: 'saml_microsoft',
            active: true,
            email_address: 'john.doe@clerk.test',
            first_name: 'John',
            last_name: 'Doe',
            verification: {
              status: 'verified',
              strategy: 'saml',
              attempts: null,
              expire_at: 1_613_831_855,
              external_verification_redirect_url: null,
            },
            verification_status: 'verified',
            verification_strategy: 'saml',
          },
        ],
        enterprise_accounts: [
          {
            user_id,
            id: 'ea_okta',
            protocol: 'saml',
            provider: 'saml_okta',
            active: true,
            email_address: 'john.doe@clerk.test',
            first_name: 'John',
            last_name: 'Doe',
            provider_user_id: 'okta_user_123',
            last_authenticated_at: '2021-01-29T19:27:16+00:00',
            public_metadata: {},
            verification: { status: 'verified', strategy: 'saml', attempts: null, expire_at: 1_613_831_855 },
            verification_status: 'verified',
            verification_strategy: 'saml',
            enterprise_connection_id: 'ent_conn_okta',
            enterprise_connection: {
              id: 'ent_conn_okta',
              object: 'enterprise_account_connection',
              active: true,
              allow_idp_initiated: false,
              allow_subdomains: false,
              disable_additional_identifications: false,
              domain: 'clerk.test',
              logo_public_url: null,
              name: 'Okta SSO',
              protocol: 'saml',
              provider: 'saml_okta',
              sync_user_attributes: true,
              created_at: 1_611_948_436,
              updated_at: 1_611_948_436,
            },
          },
        ],
        webhook_messages: [
          {
            message_id: 'msg_9',
            event_type: 'user.updated',
            user_id,
            instance_id,
            event_at: at(1_611_948_500_000),
            outcome: 'applied',
          },
        ],
      }),
    );
  });
});
