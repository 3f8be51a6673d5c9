import { describe, expect, test } from 'vitest';
import { at, statedAllBut, tables } from '../../support/expected-rows.ts';
import { useWebhooks } from '../../support/webhooks.ts';

const SCOPES =
  'email https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile openid profile';

/** What no captured event has carried since birthday and gender went. */
const NEVER_CAPTURED = [
  ...['timezone', 'birthday', 'gender', 'deprovisioned', 'scim', 'organization_memberships'],
  'create_organizations_limit',
];
const NOT_BEFORE_2026 = ['password_last_updated_at', 'requires_password_reset', 'bypass_client_trust'];

describe('captured events', () => {
  test('12: an event of May 2024 without envelope time and instance takes the time of its signature', async () => {
    const webhooks = await useWebhooks();
    const signedAt = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000);
    const options = { messageId: 'msg_12', signedAt };
    expect(await webhooks.sendFixture('12-created-2024-05-google-username-no-enterprise', options)).toBe('applied');
    const user_id = 'user_2gwuC0Ph93u3oCK9OFFNEqACGOm';
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [
          {
            id: user_id,
            username: 'fabrxyz',
            first_name: 'Fabricio',
            last_name: 'Almen',
            profile_image_url: 'https://images.clerk.dev/oauth_google/img_2goxhPzZyOumGuIIhAIVUi619T5',
            image_url:
              'https://img.clerk.com/eyJ0eXBlIjoicHJveHkiLCJzcmMiOiJodHRwczovL2ltYWdlcy5jbGVyay5kZXYvb2F1dGhfZ29vZ2xlL2ltZ18yZ294aFB6WnlPdW1HdUlJaEFJVlVpNjE5VDUifQ',
            has_image: true,
            primary_email_address_id: 'idn_2ge0SbGgoZjIpR07GFcE5g0j2am',
            public_metadata: {},
            private_metadata: {},
            unsafe_metadata: {},
            password_enabled: false,
            two_factor_enabled: false,
            totp_enabled: false,
            backup_code_enabled: false,
            banned: false,
            locked: false,
            verification_attempts_remaining: 100,
            delete_self_enabled: true,
            create_organization_enabled: true,
            last_active_at: at(1_715_645_280_774),
            created_at: at(1_715_645_280_775),
            updated_at: at(1_715_645_280_853),
            observed_at: at(signedAt.getTime()),
            last_message_id: 'msg_12',
            stated_keys: statedAllBut(
              ...NEVER_CAPTURED,
              ...NOT_BEFORE_2026,
              ...['instance_id', 'locale', 'mfa_enabled_at', 'mfa_disabled_at', 'legal_accepted_at'],
              'enterprise_accounts',
            ),
          },
        ],
        email_addresses: [
          {
            user_id,
            id: 'idn_2ge0SbGgoZjIpR07GFcE5g0j2am',
            email_address: 'fabricioalmen3@example.com',
            reserved: false,
            verification: { attempts: null, expire_at: null, status: 'verified', strategy: 'from_oauth_google' },
            verification_status: 'verified',
            verification_strategy: 'from_oauth_google',
            linked_to: [{ id: 'idn_2gz11li7HjuIEPiKQYhnjSA7aAN', type: 'oauth_google' }],
            created_at: at(1_715_645_274_566),
            updated_at: at(1_715_645_280_807),
          },
        ],
        external_accounts: [
          {
            user_id,
            id: 'idn_2gz11li7HjuIEPiKQYhnjSA7aAN',
            external_account_id: null,
            provider: 'oauth_google',
            provider_user_id: '107751391261892606255',
            approved_scopes: SCOPES,
            email_address: 'fabricioalmen3@example.com',
            first_name: 'Fabricio',
            last_name: 'Almen',
            image_url:
              'https://lh3.googleusercontent.com/a/wsN1VgR2U-kQh9prGP8CIF6YFfnhKYq8N5c28nj-ktlqiDjaoqXHTzp=s1000-c',
            public_metadata: {},
            verification: {
              attempts: null,
              expire_at: 1_715_645_867_298,
              status: 'verified',
              strategy: 'oauth_google',
            },
            verification_status: 'verified',
            verification_strategy: 'oauth_google',
            created_at: at(1_715_645_274_533),
            updated_at: at(1_715_645_274_533),
          },
        ],
        webhook_messages: [
          {
            message_id: 'msg_12',
            event_type: 'user.created',
            user_id,
            event_at: at(signedAt.getTime()),
            outcome: 'applied',
          },
        ],
      }),
    );
  });

  test('14: a Google account of the new shape without a picture has none', async () => {
    const webhooks = await useWebhooks();
    const fixture = '14-updated-2025-09-google-linked-new-shape';
    expect(await webhooks.sendFixture(fixture, { messageId: 'msg_14' })).toBe('applied');
    const user_id = 'user_32k1Uw8l70v852MrY7USBElSrnf';
    const instance_id = 'ins_31Ja163XYo1NrdP46F0bnJghWk4';
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [
          {
            id: user_id,
            instance_id,
            first_name: 'Mikhail',
            last_name: 'Matalova',
            profile_image_url: 'https://www.gravatar.com/avatar?d=mp',
            image_url: 'https://img.clerk.com/eyJ0eXBlIjoiZGVmYXVsdCJ9',
            has_image: false,
            primary_email_address_id: 'idn_32jFCArMm5dw2YDUhBF8PTBy4DH',
            public_metadata: {},
            private_metadata: {},
            unsafe_metadata: {},
            password_enabled: true,
            two_factor_enabled: false,
            totp_enabled: false,
            backup_code_enabled: false,
            banned: false,
            locked: false,
            verification_attempts_remaining: 100,
            delete_self_enabled: false,
            create_organization_enabled: true,
            last_sign_in_at: at(1_757_749_009_057),
            last_active_at: at(1_757_749_009_126),
            created_at: at(1_756_854_752_856),
            updated_at: at(1_757_805_877_456),
            observed_at: at(1_757_805_877_468),
            last_message_id: 'msg_14',
            stated_keys: statedAllBut(...NEVER_CAPTURED, ...NOT_BEFORE_2026, 'locale'),
          },
        ],
        email_addresses: [
          {
            user_id,
            id: 'idn_32jFCArMm5dw2YDUhBF8PTBy4DH',
            email_address: 'mika@example.net',
            reserved: false,
            verification: {
              object: 'verification_otp',
              attempts: 1,
              expire_at: 1_756_855_337_628,
              status: 'verified',
              strategy: 'email_code',
            },
            verification_status: 'verified',
            verification_strategy: 'email_code',
            linked_to: [{ id: 'idn_32e5vnMq6Q6dtUQ7d5lM1O36Uo4', type: 'oauth_google' }],
            matches_sso_connection: false,
            created_at: at(1_756_854_737_185),
            updated_at: at(1_756_854_752_867),
          },
        ],
        external_accounts: [
          {
            user_id,
            id: 'idn_32e5vnMq6Q6dtUQ7d5lM1O36Uo4',
            external_account_id: 'eac_32kKTlXiY4eF1WOVlpK09C3QyRK',
            provider: 'oauth_google',
            provider_user_id: '166170797613786027614',
            approved_scopes: SCOPES,
            email_address: 'mika@example.net',
            first_name: 'Mikhail',
            last_name: 'Matalova',
            avatar_url: null,
            image_url: null,
            public_metadata: {},
            verification: {
              object: 'verification_oauth',
              attempts: null,
              expire_at: 1_757_806_471_844,
              status: 'verified',
              strategy: 'oauth_google',
            },
            verification_status: 'verified',
            verification_strategy: 'oauth_google',
            created_at: at(1_757_805_877_448),
            updated_at: at(1_757_805_877_448),
          },
        ],
        webhook_messages: [
          {
            message_id: 'msg_14',
            event_type: 'user.updated',
            user_id,
            instance_id,
            event_at: at(1_757_805_877_468),
            outcome: 'applied',
          },
        ],
      }),
    );
  });

  test('19: an event of 2026 has a column even for what is in no published schema', async () => {
    const webhooks = await useWebhooks();
    expect(await webhooks.sendFixture('19-created-2026-01-google-newest-shape', { messageId: 'msg_19' })).toBe(
      'applied',
    );
    const user_id = 'user_38NrPy6Fs7GEfhm7Eyprs1WlOxm';
    const instance_id = 'ins_38GJjKiy5m0J8j8lCF40fJUxmby';
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [
          {
            id: user_id,
            instance_id,
            first_name: 'KOKO',
            last_name: 'Lin',
            profile_image_url: 'https://images.clerk.dev/oauth_google/img_38oRY0rZBx3egvXCiDp4AR0zWEM',
            image_url:
              'https://img.clerk.com/eyJ0eXBlIjoicHJveHkiLCJzcmMiOiJodHRwczovL2ltYWdlcy5jbGVyay5kZXYvb2F1dGhfZ29vZ2xlL2ltZ18zOG9SWTByWkJ4M2VndlhDaURwNEFSMHpXRU0ifQ',
            has_image: true,
            primary_email_address_id: 'idn_382swazcWM4sgIW7lsejBKeqEC9',
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
            bypass_client_trust: false,
            delete_self_enabled: true,
            create_organization_enabled: true,
            last_active_at: at(1_769_727_073_813),
            created_at: at(1_769_727_073_815),
            updated_at: at(1_769_727_073_841),
            observed_at: at(1_769_727_073_860),
            last_message_id: 'msg_19',
            stated_keys: statedAllBut(...NEVER_CAPTURED),
          },
        ],
        email_addresses: [
          {
            user_id,
            id: 'idn_382swazcWM4sgIW7lsejBKeqEC9',
            email_address: 'lorn6983@example.com',
            reserved: false,
            verification: {
              object: 'verification_from_oauth',
              attempts: null,
              expire_at: null,
              status: 'verified',
              strategy: 'from_oauth_google',
            },
            verification_status: 'verified',
            verification_strategy: 'from_oauth_google',
            linked_to: [{ id: 'idn_38Z45c7F1Uuss1VnvxghFitaMMg', type: 'oauth_google' }],
            matches_sso_connection: false,
            created_at: at(1_769_727_057_124),
            updated_at: at(1_769_727_073_825),
          },
        ],
        external_accounts: [
          {
            user_id,
            id: 'idn_38Z45c7F1Uuss1VnvxghFitaMMg',
            external_account_id: 'eac_38v9H66RYlefe1FJYElw6Es0cwT',
            provider: 'oauth_google',
            provider_user_id: '119699994395836347044',
            approved_scopes: SCOPES,
            email_address: 'lorn6983@example.com',
            first_name: 'KOKO',
            last_name: 'Lin',
            // `picture` repeats it, and so is not kept beside it.
            avatar_url:
              'https://lh3.googleusercontent.com/a/PElVLnlzwbq0cPJSEfwRVURBg_n_-Xh6s5JeAVx02PJ74thKKhl5zLu1=s1000-c',
            image_url:
              'https://img.clerk.com/eyJ0eXBlIjoicHJveHkiLCJzcmMiOiJodHRwczovL2xoMy5nb29nbGV1c2VyY29udGVudC5jb20vYS9QRWxWTG5sendicTBjUEpTRWZ3UlZVUkJnX25fLVhoNnM1SmVBVngwMlBKNzR0aEtLaGw1ekx1MT1zMTAwMC1jIiwicyI6Im1aVWh3L3d2RVBDVDV4eVQ0WG95VWpjdHYraFlNNlhwVEc1S25XQ05LaFEifQ',
            public_metadata: {},
            verification: {
              object: 'verification_oauth',
              attempts: null,
              expire_at: 1_769_727_603_835,
              status: 'verified',
              strategy: 'oauth_google',
            },
            verification_status: 'verified',
            verification_strategy: 'oauth_google',
            created_at: at(1_769_727_057_112),
            updated_at: at(1_769_727_057_112),
          },
        ],
        webhook_messages: [
          {
            message_id: 'msg_19',
            event_type: 'user.created',
            user_id,
            instance_id,
            event_at: at(1_769_727_073_860),
            outcome: 'applied',
          },
        ],
      }),
    );
  });
});
