import { describe, expect, test } from 'vitest';
import { at, stated, statedAllBut, tables } from '../../support/expected-rows.ts';
import { readFixture, useWebhooks } from '../../support/webhooks.ts';

/** What Clerk's specification of webhooks leaves out of its own example. */
const NOT_IN_THE_EXAMPLE = [
  ...['locale', 'timezone', 'birthday', 'gender', 'password_last_updated_at', 'requires_password_reset'],
  ...['deprovisioned', 'bypass_client_trust', 'scim', 'organization_memberships'],
];

describe("Clerk's published examples", () => {
  test('01: an event of 2022 keeps birthday, gender and a verification without attempts', async () => {
    const webhooks = await useWebhooks();
    const outcome = await webhooks.sendFixture('01-created-clerk-docs-2022-birthday-gender', { messageId: 'msg_1' });
    expect(outcome).toBe('applied');
    const user_id = 'user_29w83sxmDNGwOuEthce5gg56FcC';
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [
          {
            id: user_id,
            instance_id: 'ins_123',
            external_id: '567772',
            first_name: 'Example',
            last_name: 'Example',
            birthday: '',
            gender: '',
            profile_image_url: 'https://www.gravatar.com/avatar?d=mp',
            image_url: 'https://img.clerk.com/xxxxxx',
            primary_email_address_id: 'idn_29w83yL7CwVlJXylYLxcslromF1',
            public_metadata: {},
            private_metadata: {},
            unsafe_metadata: {},
            password_enabled: true,
            two_factor_enabled: false,
            last_sign_in_at: at(1_654_012_591_514),
            created_at: at(1_654_012_591_514),
            updated_at: at(1_654_012_591_835),
            observed_at: at(1_654_012_591_835),
            last_message_id: 'msg_1',
            stated_keys: stated(
              ...['instance_id', 'external_id', 'username', 'first_name', 'last_name', 'birthday', 'gender'],
              ...['profile_image_url', 'image_url', 'primary_email_address_id', 'primary_phone_number_id'],
              ...['primary_web3_wallet_id', 'public_metadata', 'private_metadata', 'unsafe_metadata'],
              ...['password_enabled', 'two_factor_enabled', 'last_sign_in_at', 'created_at'],
              ...['email_addresses', 'phone_numbers', 'web3_wallets', 'external_accounts'],
            ),
          },
        ],
        email_addresses: [
          {
            user_id,
            id: 'idn_29w83yL7CwVlJXylYLxcslromF1',
            email_address: 'example@example.org',
            linked_to: [],
            verification: { status: 'verified', strategy: 'ticket' },
            verification_status: 'verified',
            verification_strategy: 'ticket',
          },
        ],
        webhook_messages: [
          {
            message_id: 'msg_1',
            event_type: 'user.created',
            user_id,
            instance_id: 'ins_123',
            event_at: at(1_654_012_591_835),
            outcome: 'applied',
          },
        ],
      }),
    );
  });

  /** The user that the specification's three examples are about, at the first of them. */
  const johnDoe = {
    id: 'user_2g7np7Hrk0SN6kj5EDMLDaKNL0S',
    instance_id: 'ins_2g7np7Hrk0SN6kj5EDMLDaKNL0S',
    first_name: 'John',
    last_name: 'Doe',
    profile_image_url: 'https://img.clerk.com/xxxxxx',
    image_url: 'https://img.clerk.com/xxxxxx',
    has_image: true,
    primary_email_address_id: 'idn_2g7np7Hrk0SN6kj5EDMLDaKNL0S',
    public_metadata: {},
    private_metadata: null,
    unsafe_metadata: {},
    password_enabled: true,
    two_factor_enabled: false,
    totp_enabled: false,
    backup_code_enabled: false,
    banned: false,
    locked: false,
    delete_self_enabled: true,
    create_organization_enabled: true,
    last_sign_in_at: at(1_716_883_200_000),
    last_active_at: at(1_716_883_200_000),
    legal_accepted_at: at(1_716_883_200_000),
    created_at: at(1_716_883_200_000),
    updated_at: at(1_716_883_200_000),
    observed_at: at(1_716_883_200_000),
    last_message_id: 'msg_2',
    stated_keys: statedAllBut(...NOT_IN_THE_EXAMPLE),
  };
  const johnDoesMessage = {
    user_id: johnDoe.id,
    instance_id: johnDoe.instance_id,
    event_at: at(1_716_883_200_000),
    outcome: 'applied',
  };
  const messages = [
    { ...johnDoesMessage, message_id: 'msg_2', event_type: 'user.created' },
    { ...johnDoesMessage, message_id: 'msg_3', event_type: 'user.updated' },
    { ...johnDoesMessage, message_id: 'msg_4', event_type: 'user.deleted' },
  ];

  test('02: the "Send Example" event applies, its primary e-mail address pointing at nothing and its time in seconds', async () => {
    const webhooks = await useWebhooks();
    const fixture = '02-created-openapi-example-dangling-primary-seconds-ts';
    expect(await webhooks.sendFixture(fixture, { messageId: 'msg_2' })).toBe('applied');
    expect(await webhooks.dump()).toEqual(tables({ users: [johnDoe], webhook_messages: messages.slice(0, 1) }));
  });

  test('03: the update after it applies, which has the same envelope time and a later updated_at', async () => {
    const webhooks = await useWebhooks();
    await webhooks.sendFixture('02-created-openapi-example-dangling-primary-seconds-ts', { messageId: 'msg_2' });
    expect(await webhooks.sendFixture('03-updated-openapi-example-mfa', { messageId: 'msg_3' })).toBe('applied');
    const user = {
      ...johnDoe,
      username: 'johndoe',
      last_name: 'Doe Updated',
      profile_image_url: 'https://img.clerk.com/yyyyy',
      image_url: 'https://img.clerk.com/yyyyy',
      public_metadata: { department: 'engineering' },
      two_factor_enabled: true,
      totp_enabled: true,
      mfa_enabled_at: at(1_716_883_200_000),
      last_sign_in_at: at(1_716_883_400_000),
      last_active_at: at(1_716_883_500_000),
      updated_at: at(1_716_883_500_000),
      last_message_id: 'msg_3',
    };
    expect(await webhooks.dump()).toEqual(tables({ users: [user], webhook_messages: messages.slice(0, 2) }));
  });

  /** Nothing is left of what the two events before said, nor of the deletion's own external_id. */
  const tombstone = {
    id: johnDoe.id,
    instance_id: johnDoe.instance_id,
    observed_at: at(1_716_883_200_000),
    deleted_at: at(1_716_883_200_000),
    last_message_id: 'msg_4',
  };

  test('04: the deletion after them leaves the id and the times', async () => {
    const webhooks = await useWebhooks();
    await webhooks.sendFixture('02-created-openapi-example-dangling-primary-seconds-ts', { messageId: 'msg_2' });
    await webhooks.sendFixture('03-updated-openapi-example-mfa', { messageId: 'msg_3' });
    expect(await webhooks.sendFixture('04-deleted-openapi-example-external-id', { messageId: 'msg_4' })).toBe(
      'applied',
    );
    expect(await webhooks.dump()).toEqual(tables({ users: [tombstone], webhook_messages: messages }));
  });

  test('04: the deletion before them leaves the same, and makes them stale', async () => {
    const webhooks = await useWebhooks();
    const outcomes = [
      await webhooks.sendFixture('04-deleted-openapi-example-external-id', { messageId: 'msg_4' }),
      await webhooks.sendFixture('03-updated-openapi-example-mfa', { messageId: 'msg_3' }),
      await webhooks.sendFixture('02-created-openapi-example-dangling-primary-seconds-ts', { messageId: 'msg_2' }),
    ];
    expect(outcomes).toEqual(['applied', 'stale', 'stale']);
    const [created, updated, deleted] = messages;
    const stale = { outcome: 'stale' };
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [tombstone],
        webhook_messages: [{ ...created, ...stale }, { ...updated, ...stale }, { ...deleted }],
      }),
    );
  });

  test('04: where deleted users are retained, the deletion leaves the columns and says when', async () => {
    const webhooks = await useWebhooks({ deletedUsers: 'retain' });
    await webhooks.sendFixture('02-created-openapi-example-dangling-primary-seconds-ts', { messageId: 'msg_2' });
    await webhooks.sendFixture('04-deleted-openapi-example-external-id', { messageId: 'msg_4' });
    const [created, , deleted] = messages;
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [{ ...johnDoe, ...tombstone, stated_keys: 0 }],
        webhook_messages: [{ ...created }, { ...deleted }],
      }),
    );
  });

  test('40: an event with next to nothing in it leaves the rest unstated', async () => {
    const webhooks = await useWebhooks();
    expect(await webhooks.sendFixture('40-created-minimal-hookdeck', { messageId: 'msg_40' })).toBe('applied');
    const user_id = 'user_2NNEqL2nrIRxCBNiiSPAKxvlkEJ';
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [
          {
            id: user_id,
            instance_id: 'ins_2NNEqL2n',
            username: 'example_user',
            first_name: 'John',
            last_name: 'Doe',
            primary_email_address_id: 'idn_29w83sxSDx2n0a9Yg0JNH0nDJK9',
            created_at: at(1_654_012_345_678),
            updated_at: at(1_654_012_345_678),
            observed_at: at(1_654_012_345_678),
            last_message_id: 'msg_40',
            stated_keys: stated(
              ...['instance_id', 'username', 'first_name', 'last_name', 'primary_email_address_id', 'created_at'],
              'email_addresses',
            ),
          },
        ],
        email_addresses: [
          {
            user_id,
            id: 'idn_29w83sxSDx2n0a9Yg0JNH0nDJK9',
            email_address: 'user@example.com',
            verification: { status: 'verified', strategy: 'email_code' },
            verification_status: 'verified',
            verification_strategy: 'email_code',
          },
        ],
        webhook_messages: [
          {
            message_id: 'msg_40',
            event_type: 'user.created',
            user_id,
            instance_id: 'ins_2NNEqL2n',
            event_at: at(1_654_012_345_678),
            outcome: 'applied',
          },
        ],
      }),
    );
  });

  test('31: a user as the Backend API lists it applies in an event', async () => {
    const webhooks = await useWebhooks();
    const [user] = JSON.parse(readFixture('31-rest-user-list-2025-01-supabase-wrappers'));
    const event = { type: 'user.updated', object: 'event', timestamp: 1_737_440_173_300, data: user };
    expect(await webhooks.sendEvent(event, { messageId: 'msg_31' })).toBe('applied');
    const user_id = 'user_2rvWkk90azWI2o3PH4LDuCMDPPh';
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [
          {
            id: user_id,
            image_url:
              'https://img.clerk.com/eyJ0eXBlIjoiZGVmYXVsdCIsImlpZCI6Imluc18ycnVoOVpldUJWa3pNc1FoRHg5VWdNS2ZySGMiLCJyaWQiOiJ1c2VyXzJydldrazkwYXpXSTJvM1BINExEdUNNRFBQaCJ9',
            profile_image_url: 'https://www.gravatar.com/avatar?d=mp',
            has_image: false,
            primary_email_address_id: 'idn_2rvWkfsWd4iVsYWUYn5zKAnXqtM',
            password_enabled: true,
            two_factor_enabled: false,
            totp_enabled: false,
            backup_code_enabled: false,
            public_metadata: {},
            private_metadata: {},
            unsafe_metadata: {},
            banned: false,
            locked: false,
            verification_attempts_remaining: 100,
            delete_self_enabled: true,
            create_organization_enabled: true,
            created_at: at(1_737_440_173_260),
            updated_at: at(1_737_440_173_281),
            observed_at: at(1_737_440_173_300),
            last_message_id: 'msg_31',
            stated_keys: statedAllBut(...NOT_IN_THE_EXAMPLE, 'instance_id', 'create_organizations_limit'),
          },
        ],
        email_addresses: [
          {
            user_id,
            id: 'idn_2rvWkfsWd4iVsYWUYn5zKAnXqtM',
            email_address: 'test@test.com',
            reserved: false,
            verification: { status: 'verified', strategy: 'admin', attempts: null, expire_at: null },
            verification_status: 'verified',
            verification_strategy: 'admin',
            linked_to: [],
            matches_sso_connection: false,
            created_at: at(1_737_440_173_271),
            updated_at: at(1_737_440_173_271),
          },
        ],
        webhook_messages: [
          {
            message_id: 'msg_31',
            event_type: 'user.updated',
            user_id,
            event_at: at(1_737_440_173_300),
            outcome: 'applied',
          },
        ],
      }),
    );
  });
});
