import { describe, expect, test } from 'vitest';
import { at, stated, statedAllBut, tables } from '../../support/expected-rows.ts';
import { readFixture, useWebhooks } from '../../support/webhooks.ts';

const instance_id = 'ins_3A0Derived0000000000000000';

/** Each step with the id of its message. */
const GOOGLE = {
  old: ['70-seqC-1-created-google-old-shape', 'msg_70'],
  new: ['71-seqC-2-updated-google-new-shape', 'msg_71'],
  dashboard: ['72-seqC-3-updated-google-dashboard-shape', 'msg_72'],
} as const;

describe('one Google account in three shapes', () => {
  const user_id = 'user_3AGoogleUser00000000000000';
  const user = (ms: number, messageId: string) => ({
    id: user_id,
    instance_id,
    first_name: 'Nia',
    last_name: 'Okoro',
    primary_email_address_id: 'idn_3AGoogleEmail0000000000000',
    created_at: at(1_714_000_000_000),
    updated_at: at(ms + 40),
    observed_at: at(ms + 60),
    last_message_id: messageId,
    stated_keys: stated(
      ...['instance_id', 'first_name', 'last_name', 'primary_email_address_id', 'created_at'],
      ...['email_addresses', 'external_accounts'],
    ),
  });
  const email_addresses = [
    {
      user_id,
      id: 'idn_3AGoogleEmail0000000000000',
      email_address: 'nia@example.com',
      reserved: false,
      verification: { attempts: null, expire_at: null, status: 'verified', strategy: 'from_oauth_google' },
      verification_status: 'verified',
      verification_strategy: 'from_oauth_google',
      linked_to: [{ id: 'idn_3AGoogleA000000000000000000', type: 'oauth_google' }],
      created_at: at(1_714_000_000_010),
      updated_at: at(1_714_000_000_020),
    },
  ];
  const account = {
    user_id,
    id: 'idn_3AGoogleA000000000000000000',
    provider: 'oauth_google',
    provider_user_id: '100000000000000000070',
    approved_scopes: 'email openid profile',
    email_address: 'nia@example.com',
    first_name: 'Nia',
    last_name: 'Okoro',
    public_metadata: {},
    verification_status: 'verified',
    verification_strategy: 'oauth_google',
    created_at: at(1_714_000_000_005),
  };
  const oldRow = {
    ...account,
    external_account_id: null,
    avatar_url: null,
    image_url: 'https://lh3.googleusercontent.com/a/nia=s1000-c',
    verification: { attempts: null, expire_at: 1_714_000_600_000, status: 'verified', strategy: 'oauth_google' },
    updated_at: at(1_714_000_000_005),
  };
  const newRow = {
    ...account,
    external_account_id: 'eac_3AGoogleB000000000000000000',
    avatar_url: 'https://lh3.googleusercontent.com/a/nia=s1000-c',
    image_url: 'https://img.clerk.com/eyJ0eXBlIjoicHJveHkifQ',
    verification: {
      object: 'verification_oauth',
      attempts: null,
      expire_at: 1_742_000_600_000,
      status: 'verified',
      strategy: 'oauth_google',
    },
    updated_at: at(1_742_000_000_005),
  };
  const dashboardRow = { ...newRow, updated_at: at(1_760_000_000_005) };
  const message = { user_id, instance_id, outcome: 'applied' };
  const messages = [
    { ...message, message_id: 'msg_70', event_type: 'user.created', event_at: at(1_714_000_000_060) },
    { ...message, message_id: 'msg_71', event_type: 'user.updated', event_at: at(1_742_000_000_060) },
    { ...message, message_id: 'msg_72', event_type: 'user.updated', event_at: at(1_760_000_000_060) },
  ];

  test('is one row after each of them', async () => {
    const webhooks = await useWebhooks();
    const steps = [
      { shape: GOOGLE.old, row: oldRow, ms: 1_714_000_000_000 },
      { shape: GOOGLE.new, row: newRow, ms: 1_742_000_000_000 },
      { shape: GOOGLE.dashboard, row: dashboardRow, ms: 1_760_000_000_000 },
    ];
    for (const [step, { shape, row, ms }] of steps.entries()) {
      const [fixture, messageId] = shape;
      await webhooks.sendFixture(fixture, { messageId });
      expect(await webhooks.dump()).toEqual(
        tables({
          users: [user(ms, messageId)],
          email_addresses,
          external_accounts: [row],
          webhook_messages: messages.slice(0, step + 1),
        }),
      );
    }
  });

  test.each([
    ['old, dashboard, new', [GOOGLE.old, GOOGLE.dashboard, GOOGLE.new]],
    ['new, old, dashboard', [GOOGLE.new, GOOGLE.old, GOOGLE.dashboard]],
    ['new, dashboard, old', [GOOGLE.new, GOOGLE.dashboard, GOOGLE.old]],
    ['dashboard, old, new', [GOOGLE.dashboard, GOOGLE.old, GOOGLE.new]],
    ['dashboard, new, old', [GOOGLE.dashboard, GOOGLE.new, GOOGLE.old]],
  ] as const)('is the newest one’s row when they arrive as %s', async (_order, shapes) => {
    const webhooks = await useWebhooks();
    let newest = '';
    const outcomes = new Map<string, string>();
    for (const [fixture, messageId] of shapes) {
      await webhooks.sendFixture(fixture, { messageId });
      outcomes.set(messageId, messageId > newest ? 'applied' : 'stale');
      newest = messageId > newest ? messageId : newest;
    }
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [user(1_760_000_000_000, 'msg_72')],
        email_addresses,
        external_accounts: [dashboardRow],
        webhook_messages: messages.map((row) => ({ ...row, outcome: outcomes.get(row.message_id) })),
      }),
    );
  });

  test('is one row when one list has two of them, the later one', async () => {
    const webhooks = await useWebhooks();
    const [first, second] = [GOOGLE.dashboard, GOOGLE.new].map(([fixture]) => JSON.parse(readFixture(fixture)));
    const [account] = second.data.external_accounts;
    first.data.external_accounts.push(account);
    await webhooks.sendEvent(first, { messageId: 'msg_72' });
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [user(1_760_000_000_000, 'msg_72')],
        email_addresses,
        external_accounts: [newRow],
        webhook_messages: messages.slice(2),
      }),
    );
  });
});

describe('one Facebook account in two shapes', () => {
  const user_id = 'user_3AuF5GWEUh6QmhkfAA5BKvgAF8e';
  const user = {
    id: user_id,
    instance_id,
    first_name: 'Fay',
    last_name: 'Book',
    profile_image_url: 'https://www.gravatar.com/avatar?d=mp',
    image_url: 'https://img.clerk.com/eyJ0eXBlIjoiZGVmYXVsdCJ9',
    has_image: false,
    primary_email_address_id: 'idn_3AKOfcXpdUctw7c5eN6PA5wBWuo',
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
    last_message_id: 'msg_56',
    stated_keys: statedAllBut(
      ...['timezone', 'birthday', 'gender', 'scim', 'organization_memberships', 'create_organizations_limit'],
    ),
  };
  const email_addresses = [
    {
      user_id,
      id: 'idn_3AKOfcXpdUctw7c5eN6PA5wBWuo',
      email_address: 'fb@example.com',
      reserved: false,
      verification: { attempts: null, expire_at: null, status: 'verified', strategy: 'from_oauth_facebook' },
      verification_status: 'verified',
      verification_strategy: 'from_oauth_facebook',
      linked_to: [{ id: 'idn_3AQ5fh1x685QzIn8GcoLvMYLGIB', type: 'oauth_facebook' }],
      matches_sso_connection: false,
      created_at: at(1_783_999_992_000),
      updated_at: at(1_784_000_000_005),
    },
  ];
  const oldRow = {
    user_id,
    id: 'idn_3AQ5fh1x685QzIn8GcoLvMYLGIB',
    provider: 'oauth_facebook',
    provider_user_id: '10158823904561234',
    approved_scopes: 'email public_profile',
    email_address: 'fb@example.com',
    first_name: 'Fay',
    last_name: 'Book',
    image_url: 'https://platform-lookaside.fbsbx.com/platform/profilepic/?asid=1',
    public_metadata: {},
    verification: { attempts: null, expire_at: 1_784_000_600_000, status: 'verified', strategy: 'oauth_facebook' },
    verification_status: 'verified',
    verification_strategy: 'oauth_facebook',
  };
  const newRow = {
    ...oldRow,
    external_account_id: 'eac_3AQ5fh1x685QzIn8GcoLvMYLGIB',
    avatar_url: 'https://platform-lookaside.fbsbx.com/platform/profilepic/?asid=1',
    image_url: 'https://img.clerk.com/eyJ0eXBlIjoicHJveHkifQ',
    verification: { ...oldRow.verification, object: 'verification_oauth' },
    created_at: at(1_783_999_992_000),
    updated_at: at(1_783_999_992_000),
  };

  test('56, 57: is one row after each of them', async () => {
    const webhooks = await useWebhooks();
    await webhooks.sendFixture('56-created-facebook-old-shape', { messageId: 'msg_56' });
    const message = { user_id, instance_id, outcome: 'applied' };
    const created = { ...message, message_id: 'msg_56', event_type: 'user.created', event_at: at(1_784_000_000_060) };
    expect(await webhooks.dump()).toEqual(
      tables({ users: [user], email_addresses, external_accounts: [oldRow], webhook_messages: [created] }),
    );
    await webhooks.sendFixture('57-updated-facebook-new-shape-same-account-as-56', { messageId: 'msg_57' });
    const updatedUser = {
      ...user,
      updated_at: at(1_784_000_090_000),
      observed_at: at(1_784_000_090_020),
      last_message_id: 'msg_57',
    };
    const updated = { ...message, message_id: 'msg_57', event_type: 'user.updated', event_at: at(1_784_000_090_020) };
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [updatedUser],
        email_addresses,
        external_accounts: [newRow],
        webhook_messages: [created, updated],
      }),
    );
  });
});
