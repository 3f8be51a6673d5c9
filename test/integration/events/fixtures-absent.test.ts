import { describe, expect, test } from 'vitest';
import { at, stated, tables } from '../../support/expected-rows.ts';
import { useWebhooks } from '../../support/webhooks.ts';

const T1 = 1_784_000_000_000;
const T2 = 1_784_000_001_000;
const EARLIER = '2026-07-14T03:33:20.000Z';

function makeEvent(ms: number, data: object) {
  return { type: 'user.updated', instance_id: 'ins_1', timestamp: ms, data: { id: 'user_1', updated_at: ms, ...data } };
}
const message = (messageId: string, ms: number) => ({
  message_id: messageId,
  event_type: 'user.updated',
  user_id: 'user_1',
  instance_id: 'ins_1',
  event_at: at(ms),
  outcome: 'applied',
});
const webhook_messages = [message('msg_1', T1), message('msg_2', T2)];

/** Everything but ids and times that a column can be said of; the two lists stand for all seven. */
const FULL = {
  username: 'ada',
  primary_email_address_id: 'idn_1',
  banned: true,
  create_organizations_limit: 5,
  last_sign_in_at: T1 - 1000,
  public_metadata: { plan: 'pro' },
  scim: { directory_id: 'dir_1' },
  shoe_size: 38,
  email_addresses: [{ id: 'idn_1', email_address: 'ada@example.com', reserved: false, linked_to: [] }],
  passkeys: [{ id: 'idn_2', name: 'Key', aaguid: 'a' }],
};
const FULL_COLUMNS = {
  username: 'ada',
  primary_email_address_id: 'idn_1',
  banned: true,
  create_organizations_limit: 5,
  last_sign_in_at: at(T1 - 1000),
  public_metadata: { plan: 'pro' },
  scim: { directory_id: 'dir_1' },
  extra: { shoe_size: 38 },
};
const FULL_KEYS = [
  ...['instance_id', 'username', 'primary_email_address_id', 'banned', 'create_organizations_limit'],
  ...['last_sign_in_at', 'public_metadata', 'scim', 'email_addresses', 'passkeys'],
];
const user = (ms: number, messageId: string) => ({
  id: 'user_1',
  instance_id: 'ins_1',
  updated_at: at(ms),
  observed_at: at(ms),
  last_message_id: messageId,
});
const email_addresses = [
  { user_id: 'user_1', id: 'idn_1', email_address: 'ada@example.com', reserved: false, linked_to: [] },
];
const passkeys = [{ user_id: 'user_1', id: 'idn_2', name: 'Key', extra: { aaguid: 'a' } }];

/** What the tables say after an event that states everything and this one. */
async function useTwoEvents(second: object) {
  const webhooks = await useWebhooks();
  await webhooks.sendEvent(makeEvent(T1, FULL), { messageId: 'msg_1' });
  await webhooks.sendEvent(makeEvent(T2, second), { messageId: 'msg_2' });
  return webhooks.dump();
}

describe('what a newer event does to what an older one stated', () => {
  test('an absent key leaves its column, its key of extra, or its child table as it was', async () => {
    // Which event each key was last stated by is kept, so that one from between the two can still be told apart.
    const older = [...FULL_KEYS.filter((key) => key !== 'instance_id'), 'shoe_size'];
    expect(await useTwoEvents({})).toEqual(
      tables({
        users: [
          {
            ...user(T2, 'msg_2'),
            ...FULL_COLUMNS,
            stated_keys: stated('instance_id'),
            older_keys: Object.fromEntries(older.map((key) => [key, [EARLIER, EARLIER, 'msg_1']])),
          },
        ],
        email_addresses,
        passkeys,
        webhook_messages,
      }),
    );
  });

  test('null clears: a column becomes null, a key of extra says null, a list is emptied', async () => {
    const cleared = Object.fromEntries(Object.keys(FULL).map((key) => [key, null]));
    expect(await useTwoEvents(cleared)).toEqual(
      tables({
        users: [{ ...user(T2, 'msg_2'), extra: { shoe_size: null }, stated_keys: stated(...FULL_KEYS) }],
        webhook_messages,
      }),
    );
  });

  test('an empty list removes all children, an empty object stays an empty object', async () => {
    const emptied = { ...FULL, public_metadata: {}, scim: {}, email_addresses: [], passkeys: [] };
    expect(await useTwoEvents(emptied)).toEqual(
      tables({
        users: [
          { ...user(T2, 'msg_2'), ...FULL_COLUMNS, public_metadata: {}, scim: {}, stated_keys: stated(...FULL_KEYS) },
        ],
        webhook_messages,
      }),
    );
  });

  test('one list may be stated and another absent', async () => {
    const added = { id: 'idn_3', email_address: 'countess@example.com' };
    const dump = await useTwoEvents({ ...FULL, email_addresses: [added], passkeys: undefined });
    expect(dump).toEqual(
      tables({
        users: [
          {
            ...user(T2, 'msg_2'),
            ...FULL_COLUMNS,
            stated_keys: stated(...FULL_KEYS.filter((key) => key !== 'passkeys')),
            older_keys: { passkeys: [EARLIER, EARLIER, 'msg_1'] },
          },
        ],
        email_addresses: [{ user_id: 'user_1', ...added }],
        passkeys,
        webhook_messages,
      }),
    );
  });

  test('a child that is stated again is stated whole: what it leaves out becomes null', async () => {
    const dump = await useTwoEvents({
      ...FULL,
      email_addresses: [{ id: 'idn_1', email_address: 'ada@example.com' }],
      passkeys: [{ id: 'idn_2', name: null }],
    });
    expect(dump).toEqual(
      tables({
        users: [{ ...user(T2, 'msg_2'), ...FULL_COLUMNS, stated_keys: stated(...FULL_KEYS) }],
        email_addresses: [{ user_id: 'user_1', id: 'idn_1', email_address: 'ada@example.com' }],
        passkeys: [{ user_id: 'user_1', id: 'idn_2' }],
        webhook_messages,
      }),
    );
  });

  test('"" is a text of its own, but no id and no time', async () => {
    const dump = await useTwoEvents({ ...FULL, username: '', primary_email_address_id: '', last_sign_in_at: '' });
    expect(dump).toEqual(
      tables({
        users: [
          {
            ...user(T2, 'msg_2'),
            ...FULL_COLUMNS,
            username: '',
            primary_email_address_id: null,
            last_sign_in_at: null,
            stated_keys: stated(...FULL_KEYS),
          },
        ],
        email_addresses,
        passkeys,
        webhook_messages,
      }),
    );
  });
});
