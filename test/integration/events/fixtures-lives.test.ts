import { describe, expect, test } from 'vitest';
import { at, statedAllBut, tables } from '../../support/expected-rows.ts';
import { useWebhooks } from '../../support/webhooks.ts';

describe('a captured life: created, picture removed, deleted', () => {
  const user_id = 'user_342Z0UserDDDDDDDDDDDDDDDDD';
  const instance_id = 'ins_342Z0InstEEEEEEEEEEEEEEEEE';
  const user = {
    id: user_id,
    instance_id,
    first_name: 'Redacted',
    last_name: 'Redacted',
    profile_image_url: 'https://images.clerk.dev/oauth_google/img_000000000000000000000000',
    image_url: 'https://img.clerk.com/<redacted>',
    has_image: true,
    primary_email_address_id: 'idn_342Z0EmailAAAAAAAAAAAAAAAA',
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
    last_active_at: at(1_760_428_128_257),
    created_at: at(1_760_428_128_258),
    updated_at: at(1_760_428_128_277),
    observed_at: at(1_760_428_128_295),
    last_message_id: 'msg_20',
    stated_keys: statedAllBut(
      ...['timezone', 'birthday', 'gender', 'password_last_updated_at', 'requires_password_reset', 'deprovisioned'],
      ...['bypass_client_trust', 'scim', 'organization_memberships', 'create_organizations_limit'],
    ),
  };
  const children = {
    email_addresses: [
      {
        user_id,
        id: 'idn_342Z0EmailAAAAAAAAAAAAAAAA',
        email_address: 'jane.doe@example.com',
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
        linked_to: [{ id: 'idn_342Z0GoogleBBBBBBBBBBBBBBB', type: 'oauth_google' }],
        matches_sso_connection: false,
        created_at: at(1_760_428_128_246),
        updated_at: at(1_760_428_128_265),
      },
    ],
    external_accounts: [
      {
        user_id,
        id: 'idn_342Z0GoogleBBBBBBBBBBBBBBB',
        external_account_id: 'eac_342Z0ExternalCCCCCCCCCCCCC',
        provider: 'oauth_google',
        provider_user_id: '000000000000000000000',
        approved_scopes:
          'email https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile openid profile',
        email_address: 'jane.doe@example.com',
        first_name: 'Redacted',
        last_name: 'Redacted',
        avatar_url: 'https://lh3.googleusercontent.com/<redacted>',
        image_url: 'https://img.clerk.com/<redacted>',
        public_metadata: {},
        verification: {
          object: 'verification_oauth',
          attempts: null,
          expire_at: 1_760_428_722_310,
          status: 'verified',
          strategy: 'oauth_google',
        },
        verification_status: 'verified',
        verification_strategy: 'oauth_google',
        created_at: at(1_760_428_128_240),
        updated_at: at(1_760_428_128_240),
        // The older names say something else here, and so they stay.
        extra: { given_name: 'Yatin', family_name: 'Dora' },
      },
    ],
  };
  const message = { user_id, instance_id, outcome: 'applied' };
  const messages = [
    { ...message, message_id: 'msg_20', event_type: 'user.created', event_at: at(1_760_428_128_295) },
    { ...message, message_id: 'msg_21', event_type: 'user.updated', event_at: at(1_760_428_275_942) },
    { ...message, message_id: 'msg_22', event_type: 'user.deleted', event_at: at(1_760_428_330_001) },
  ];
  const tombstone = {
    id: user_id,
    instance_id,
    observed_at: at(1_760_428_330_001),
    deleted_at: at(1_760_428_330_001),
    last_message_id: 'msg_22',
  };

  test('20, 21, 22: each step shows in the tables', async () => {
    const webhooks = await useWebhooks();
    await webhooks.sendFixture('20-seqA-1-created-2025-10-google-redacted', { messageId: 'msg_20' });
    expect(await webhooks.dump()).toEqual(
      tables({ users: [user], ...children, webhook_messages: messages.slice(0, 1) }),
    );
    await webhooks.sendFixture('21-seqA-2-updated-2025-10-image-removed', { messageId: 'msg_21' });
    const updated = {
      ...user,
      has_image: false,
      profile_image_url: 'https://www.gravatar.com/avatar?d=mp',
      last_sign_in_at: at(1_760_428_128_269),
      updated_at: at(1_760_428_275_924),
      observed_at: at(1_760_428_275_942),
      last_message_id: 'msg_21',
    };
    expect(await webhooks.dump()).toEqual(
      tables({ users: [updated], ...children, webhook_messages: messages.slice(0, 2) }),
    );
    await webhooks.sendFixture('22-seqA-3-deleted-2025-10', { messageId: 'msg_22' });
    expect(await webhooks.dump()).toEqual(tables({ users: [tombstone], webhook_messages: messages }));
  });

  test('20, 21, 22: the reverse order ends in the same user', async () => {
    const webhooks = await useWebhooks();
    await webhooks.sendFixture('22-seqA-3-deleted-2025-10', { messageId: 'msg_22' });
    await webhooks.sendFixture('21-seqA-2-updated-2025-10-image-removed', { messageId: 'msg_21' });
    await webhooks.sendFixture('20-seqA-1-created-2025-10-google-redacted', { messageId: 'msg_20' });
    const outcomes = messages.map((row, step) => (step < 2 ? { ...row, outcome: 'stale' } : row));
    expect(await webhooks.dump()).toEqual(tables({ users: [tombstone], webhook_messages: outcomes }));
  });
});

describe('a life in a directory: provisioned and deprovisioned through SCIM', () => {
  const user_id = 'user_3ACVzBslPVVAnUgKMm10tLnXSb1';
  const instance_id = 'ins_3A0Derived0000000000000000';
  const user = {
    id: user_id,
    instance_id,
    external_id: 'hr-0061',
    first_name: 'Dana',
    last_name: 'Skim',
    profile_image_url: 'https://www.gravatar.com/avatar?d=mp',
    image_url: 'https://img.clerk.com/eyJ0eXBlIjoiZGVmYXVsdCJ9',
    has_image: false,
    primary_email_address_id: 'idn_3Ai5GaQ0GFWw4HzKD9Zm2WEnjwr',
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
    scim: { directory_id: 'dir_3A61', directory_enabled: true, external_id: '00u61' },
    delete_self_enabled: true,
    create_organization_enabled: true,
    created_at: at(1_784_000_000_000),
    updated_at: at(1_784_000_000_040),
    observed_at: at(1_784_000_000_060),
    last_message_id: 'msg_61',
    stated_keys: statedAllBut(
      ...['timezone', 'birthday', 'gender', 'organization_memberships', 'create_organizations_limit'],
    ),
  };
  const email_addresses = [
    {
      user_id,
      id: 'idn_3Ai5GaQ0GFWw4HzKD9Zm2WEnjwr',
      email_address: 'dana@scim.example',
      reserved: false,
      verification: {
        object: 'verification_scim',
        attempts: null,
        expire_at: null,
        status: 'verified',
        strategy: 'scim',
      },
      verification_status: 'verified',
      verification_strategy: 'scim',
      linked_to: [],
      matches_sso_connection: true,
      created_at: at(1_783_999_992_000),
      updated_at: at(1_784_000_000_005),
    },
  ];

  test('61, 62: the second step leaves a living user who is deprovisioned, and scim without what it omits', async () => {
    const webhooks = await useWebhooks();
    await webhooks.sendFixture('61-seqB-1-created-scim-provisioned', { messageId: 'msg_61' });
    const message = { user_id, instance_id, outcome: 'applied' };
    const created = { ...message, message_id: 'msg_61', event_type: 'user.created', event_at: at(1_784_000_000_060) };
    expect(await webhooks.dump()).toEqual(tables({ users: [user], email_addresses, webhook_messages: [created] }));
    await webhooks.sendFixture('62-seqB-2-updated-scim-deprovisioned', { messageId: 'msg_62' });
    const deprovisioned = {
      ...user,
      deprovisioned: true,
      scim: { directory_id: 'dir_3A61', external_id: null },
      updated_at: at(1_784_003_600_000),
      observed_at: at(1_784_003_600_020),
      last_message_id: 'msg_62',
    };
    const updated = { ...message, message_id: 'msg_62', event_type: 'user.updated', event_at: at(1_784_003_600_020) };
    expect(await webhooks.dump()).toEqual(
      tables({ users: [deprovisioned], email_addresses, webhook_messages: [created, updated] }),
    );
  });
});
