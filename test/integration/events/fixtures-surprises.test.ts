import { describe, expect, test } from 'vitest';
import { at, stated, tables } from '../../support/expected-rows.ts';
import { makeSecret } from '../../support/signed-request.ts';
import { readFixture, useWebhooks } from '../../support/webhooks.ts';

/** Every type in Clerk's specification of webhooks, and one that only its SDK knows, but the three about users. */
const OTHER_TYPES = `email.created organization.created organization.updated organization.deleted
  organizationDomain.created organizationDomain.updated organizationDomain.deleted organizationInvitation.created
  organizationInvitation.accepted organizationInvitation.revoked organizationMembership.created
  organizationMembership.updated organizationMembership.deleted paymentAttempt.created paymentAttempt.updated
  permission.created permission.updated permission.deleted role.created role.updated role.deleted session.created
  session.pending session.ended session.removed session.revoked sms.created subscription.created subscription.updated
  subscription.active subscription.pastDue subscriptionItem.abandoned subscriptionItem.active subscriptionItem.canceled
  subscriptionItem.created subscriptionItem.ended subscriptionItem.freeTrialEnding subscriptionItem.incomplete
  subscriptionItem.pastDue subscriptionItem.upcoming subscriptionItem.updated waitlistEntry.created
  waitlistEntry.updated`.split(/\s+/);

/** A small event about one user, whose parts each test replaces. */
function makeEvent(data: object, { type = 'user.updated', ms = 1_784_000_000_000 } = {}) {
  return { type, object: 'event', instance_id: 'ins_1', timestamp: ms, data: { id: 'user_1', ...data } };
}
const user = {
  id: 'user_1',
  instance_id: 'ins_1',
  updated_at: at(1_784_000_000_000),
  observed_at: at(1_784_000_000_000),
  last_message_id: 'msg_1',
  stated_keys: stated('instance_id'),
};
const message = {
  message_id: 'msg_1',
  event_type: 'user.updated',
  user_id: 'user_1',
  instance_id: 'ins_1',
  event_at: at(1_784_000_000_000),
  outcome: 'applied',
};

describe('what surprises those who sync Clerk’s users', () => {
  test('a byte order mark is part of what was signed, and no part of the event', async () => {
    const webhooks = await useWebhooks();
    const body = `\ufeff${JSON.stringify(makeEvent({ first_name: 'Ada' }))}`;
    expect(await webhooks.send(body, { messageId: 'msg_1' })).toBe('applied');
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [{ ...user, first_name: 'Ada', stated_keys: stated('instance_id', 'first_name') }],
        webhook_messages: [message],
      }),
    );
  });

  test.each([
    ['without data.id', { deleted: true, object: 'user' }, 'data.id'],
    ['with an empty data.id', { id: '', deleted: true }, 'data.id'],
    ['with a null data.id', { id: null, deleted: true }, 'data.id'],
    ['with a number as data.id', { id: 1, deleted: true }, 'data.id'],
  ])('a deletion %s is kept as a dead letter that says so', async (_case, data, path) => {
    const webhooks = await useWebhooks();
    const body = JSON.stringify({ type: 'user.deleted', instance_id: 'ins_1', timestamp: 1_784_000_000_000, data });
    expect(await webhooks.send(body, { messageId: 'msg_1' })).toBe('dead_letter');
    expect(await webhooks.dump()).toEqual(
      tables({
        webhook_messages: [{ ...message, event_type: 'user.deleted', user_id: null, outcome: 'dead_letter' }],
        dead_letters: [
          {
            message_id: 'msg_1',
            event_type: 'user.deleted',
            user_id: null,
            instance_id: 'ins_1',
            body,
            reason: 'missing_user_id',
            path,
            error: 'The event does not say which user it is about.',
            details: { issues: [{ path, message: 'Expected the id of the user' }] },
            first_failed_at: expect.any(String),
            last_failed_at: expect.any(String),
          },
        ],
      }),
    );
  });

  test('a property that nobody knew lands in extra, at the user and at a child', async () => {
    const webhooks = await useWebhooks();
    const data = {
      shoe_size: 38.5,
      passkeys: [{ id: 'idn_1', name: 'Key', aaguid: '00000000-0000-0000-0000-000000000000' }],
      external_accounts: [{ id: 'eac_1', identification_id: 'idn_2', provider: 'oauth_x', handle: { at: '@ada' } }],
    };
    await webhooks.sendEvent(makeEvent(data), { messageId: 'msg_1' });
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [
          {
            ...user,
            extra: { shoe_size: 38.5 },
            stated_keys: stated('instance_id', 'passkeys', 'external_accounts'),
          },
        ],
        passkeys: [
          {
            user_id: 'user_1',
            id: 'idn_1',
            name: 'Key',
            extra: { aaguid: '00000000-0000-0000-0000-000000000000' },
          },
        ],
        external_accounts: [
          {
            user_id: 'user_1',
            id: 'idn_2',
            external_account_id: 'eac_1',
            provider: 'oauth_x',
            extra: { handle: { at: '@ada' } },
          },
        ],
        webhook_messages: [message],
      }),
    );
  });

  test('the primary address is the one that the user’s id names, not the first of the list', async () => {
    const webhooks = await useWebhooks();
    const data = {
      primary_email_address_id: 'idn_2',
      primary_phone_number_id: 'idn_4',
      primary_web3_wallet_id: 'idn_9',
      email_addresses: [
        { id: 'idn_1', email_address: 'first@example.com', verification: { status: 'verified' } },
        { id: 'idn_2', email_address: 'second@example.com', verification: { status: 'unverified' } },
      ],
      phone_numbers: [
        { id: 'idn_3', phone_number: '+15005550001' },
        { id: 'idn_4', phone_number: '+15005550002' },
      ],
      web3_wallets: [{ id: 'idn_5', web3_wallet: '0xabc' }],
    };
    await webhooks.sendEvent(makeEvent(data));
    const rows = await webhooks.sql`
      select primary_email_address, primary_email_address_verified, primary_phone_number, primary_web3_wallet
      from clerk.active_users`;
    expect([...rows]).toEqual([
      {
        primary_email_address: 'second@example.com',
        primary_email_address_verified: false,
        primary_phone_number: '+15005550002',
        primary_web3_wallet: null,
      },
    ]);
  });

  test('a NUL and half a surrogate pair, written by the user, do not keep a ban from arriving', async () => {
    const webhooks = await useWebhooks();
    const body = JSON.stringify(makeEvent({ banned: true, unsafe_metadata: 'HERE', first_name: 'NAME' }))
      .replace(
        '"HERE"',
        '{"n\\u0000l": "a\\u0000b", "half": ["\\ud83d", "\\udc9c", "\\ud83d\\udc9c"], "__proto__": {"x": 1}}',
      )
      .replace('NAME', 'A\\u0000da');
    expect(await webhooks.send(body, { messageId: 'msg_1' })).toBe('applied');
    const metadata = JSON.parse('{"n�l": "a�b", "half": ["�", "�", "💜"], "__proto__": {"x": 1}}');
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [
          {
            ...user,
            banned: true,
            first_name: 'A�da',
            unsafe_metadata: metadata,
            stated_keys: stated('instance_id', 'banned', 'first_name', 'unsafe_metadata'),
          },
        ],
        webhook_messages: [message],
      }),
    );
    expect(Object.hasOwn(({} as object).constructor.prototype, 'x')).toBe(false);
    expect(JSON.parse(webhooks.logs())).toEqual({
      level: 30,
      time: expect.any(Number),
      request_id: expect.any(String),
      message_id: 'msg_1',
      event_type: 'user.updated',
      user_id: 'user_1',
      outcome: 'applied',
      sanitized: 5,
      ms: expect.any(Number),
      msg: 'delivery settled',
    });
  });

  test('metadata nested deeper than anything can hold does not keep a ban from arriving', async () => {
    const webhooks = await useWebhooks();
    const deep = `${'['.repeat(4000)}7${']'.repeat(4000)}`;
    const body = JSON.stringify(makeEvent({ banned: true, unsafe_metadata: 'HERE' })).replace('"HERE"', deep);
    expect(await webhooks.send(body)).toBe('applied');
    const [row] = await webhooks.sql`select banned, unsafe_metadata::text as metadata from clerk.users`;
    // The envelope and the user are two of the 1,000 levels.
    const text = `${'['.repeat(3002)}7${']'.repeat(3002)}`;
    expect(row).toEqual({ banned: true, metadata: `${'['.repeat(998)}"${text}"${']'.repeat(998)}` });
  });

  test('during a rotation of secrets the second delivery of a message is a duplicate, whichever signed it', async () => {
    const [older, newer] = [makeSecret(), makeSecret()];
    const webhooks = await useWebhooks({ secrets: [older, newer] });
    const event = makeEvent({});
    expect(await webhooks.sendEvent(event, { messageId: 'msg_1', secret: newer })).toBe('applied');
    expect(await webhooks.sendEvent(event, { messageId: 'msg_1', secret: older })).toBe('duplicate');
    expect(await webhooks.sendEvent(event, { messageId: 'msg_1', secret: makeSecret() })).toBe('401 invalid_signature');
    expect(await webhooks.dump()).toEqual(tables({ users: [user], webhook_messages: [message] }));
  });

  test('an event of any other type is acknowledged, recorded and otherwise ignored', async () => {
    const webhooks = await useWebhooks();
    const types = [...OTHER_TYPES, 'user.archived'];
    const outcomes = await Promise.all(
      types.map((type) => webhooks.sendEvent(makeEvent({ id: 'obj_1' }, { type }), { messageId: `msg_${type}` })),
    );
    expect(outcomes).toEqual(types.map(() => 'ignored'));
    const rows = types.toSorted().map((type) => ({
      ...message,
      message_id: `msg_${type}`,
      event_type: type,
      // Only what is about a user says which.
      user_id: type === 'user.archived' ? 'obj_1' : null,
      outcome: 'ignored',
    }));
    expect(await webhooks.dump()).toEqual(tables({ webhook_messages: rows }));
  });

  test('an old event resent under its own id is a duplicate, under another it is stale', async () => {
    const webhooks = await useWebhooks();
    const older = makeEvent({ first_name: 'Old', updated_at: 1_783_000_000_000 }, { ms: 1_783_000_000_010 });
    const newer = makeEvent({ first_name: 'New', updated_at: 1_784_000_000_000 });
    const outcomes = [
      await webhooks.sendEvent(older, { messageId: 'msg_0' }),
      await webhooks.sendEvent(newer, { messageId: 'msg_1' }),
      await webhooks.sendEvent(older, { messageId: 'msg_0' }),
      await webhooks.sendEvent(older, { messageId: 'msg_2' }),
    ];
    expect(outcomes).toEqual(['applied', 'applied', 'duplicate', 'stale']);
    const oldMessage = { ...message, event_at: at(1_783_000_000_010) };
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [{ ...user, first_name: 'New', stated_keys: stated('instance_id', 'first_name') }],
        webhook_messages: [
          { ...oldMessage, message_id: 'msg_0' },
          message,
          { ...oldMessage, message_id: 'msg_2', outcome: 'stale' },
        ],
      }),
    );
  });

  test('the times of the program’s own clock lie between the sending and the answer', async () => {
    const webhooks = await useWebhooks();
    const before = new Date().toISOString();
    await webhooks.send(readFixture('40-created-minimal-hookdeck'));
    await webhooks.send('not JSON');
    const after = new Date().toISOString();
    const [times] = await webhooks.sql<{ times: string[] }[]>`
      select array(
        select synced_at from clerk.users union all select received_at from clerk.webhook_messages
        union all select first_failed_at from clerk.dead_letters union all select last_failed_at from clerk.dead_letters
      ) as times`;
    const outside = times?.times.filter(
      (time) => !(new Date(time) >= new Date(before) && new Date(time) <= new Date(after)),
    );
    expect({ count: times?.times.length, outside }).toEqual({ count: 5, outside: [] });
  });
});
