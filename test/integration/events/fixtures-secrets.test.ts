import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { at, stated, tables } from '../../support/expected-rows.ts';
import { useWebhooks } from '../../support/webhooks.ts';

const MS = 1_784_000_000_000;
/** What must not be found anywhere afterwards. */
const CODES = ['hush-0001', 'hush-"0002"', 'hush-\\0003', 'hush-]0004'];
const PHONE = { id: 'idn_1', phone_number: '+15005550006', backup_codes: CODES, reserved: false };

function makeEvent(data: object, type = 'user.updated') {
  return { type, object: 'event', instance_id: 'ins_1', timestamp: MS, data };
}

/** All tables as text, and each log line. */
async function readEverything(webhooks: Awaited<ReturnType<typeof useWebhooks>>): Promise<string> {
  return JSON.stringify(await webhooks.dumpWithClocks()) + webhooks.logs();
}

const phoneWithoutCodes = { id: 'idn_1', phone_number: '+15005550006', reserved: false };
const message = {
  message_id: 'msg_1',
  event_type: 'user.updated',
  user_id: 'user_1',
  instance_id: 'ins_1',
  event_at: at(MS),
};
const letter = {
  message_id: 'msg_1',
  event_type: 'user.updated',
  user_id: 'user_1',
  instance_id: 'ins_1',
  first_failed_at: expect.any(String),
  last_failed_at: expect.any(String),
};

describe('backup codes', () => {
  test('of an event that is applied are stored nowhere, wherever in it they stand', async () => {
    const webhooks = await useWebhooks();
    const data = {
      id: 'user_1',
      backup_codes: CODES,
      phone_numbers: [PHONE],
      passkeys: [{ id: 'idn_2', brand_new: [{ backup_codes: CODES }] }],
      scim: { directory_id: 'dir_1', backup_codes: CODES },
      second_factors: { sms: [{ id: 1.5, backup_codes: CODES }] },
    };
    expect(await webhooks.sendEvent(makeEvent(data), { messageId: 'msg_1' })).toBe('applied');
    expect(await webhooks.dump()).toEqual(
      tables({
        users: [
          {
            id: 'user_1',
            instance_id: 'ins_1',
            scim: { directory_id: 'dir_1' },
            updated_at: at(MS),
            observed_at: at(MS),
            last_message_id: 'msg_1',
            stated_keys: stated('instance_id', 'scim', 'phone_numbers', 'passkeys'),
            extra: { second_factors: { sms: [{ id: 1.5 }] } },
          },
        ],
        phone_numbers: [{ user_id: 'user_1', ...phoneWithoutCodes }],
        passkeys: [{ user_id: 'user_1', id: 'idn_2', extra: { brand_new: [{}] } }],
        webhook_messages: [{ ...message, outcome: 'applied' }],
      }),
    );
    expect(await readEverything(webhooks)).not.toMatch(/hush|backup_codes/);
  });

  test('in metadata are the application’s own business, and stay', async () => {
    const webhooks = await useWebhooks();
    await webhooks.sendEvent(makeEvent({ id: 'user_1', public_metadata: { backup_codes: ['mine'] } }));
    expect([...(await webhooks.sql`select public_metadata from clerk.users`)]).toEqual([
      { public_metadata: { backup_codes: ['mine'] } },
    ]);
  });

  test('are taken out of the body of an event that is not Clerk’s shape', async () => {
    const webhooks = await useWebhooks();
    const data = { id: 'user_1', banned: 'yes', phone_numbers: [PHONE], public_metadata: { n: 'BIG' } };
    const body = JSON.stringify(makeEvent(data)).replace('"BIG"', '9007199254740993');
    expect(await webhooks.send(body, { messageId: 'msg_1' })).toBe('dead_letter');
    const kept = JSON.stringify(makeEvent({ ...data, phone_numbers: [phoneWithoutCodes] }));
    const error = 'Invalid input: expected boolean, received string';
    expect(await webhooks.dump()).toEqual(
      tables({
        webhook_messages: [{ ...message, outcome: 'dead_letter' }],
        dead_letters: [
          {
            ...letter,
            body: kept.replace('"BIG"', '9007199254740993'),
            path: 'data.banned',
            reason: 'invalid_shape',
            error: `The event does not have the shape that Clerk documents: data.banned: ${error}.`,
            details: { issues: [{ path: 'data.banned', message: error }] },
          },
        ],
      }),
    );
    expect(await readEverything(webhooks)).not.toMatch(/hush|backup_codes/);
  });

  test('are taken out of the body of an event that the database refuses', async () => {
    const webhooks = await useWebhooks();
    // More than an index can hold of one value, and too random to be compressed into less.
    const username = randomBytes(8000).toString('base64');
    const event = makeEvent({ id: 'user_1', username, phone_numbers: [PHONE] });
    expect(await webhooks.sendEvent(event, { messageId: 'msg_1' })).toBe('dead_letter');
    const kept = makeEvent({ id: 'user_1', username, phone_numbers: [phoneWithoutCodes] });
    const { dead_letters: letters, ...others } = await webhooks.dump();
    expect(others).toEqual({
      ...tables({ webhook_messages: [{ ...message, outcome: 'dead_letter' }] }),
      dead_letters: undefined,
    });
    expect(letters).toEqual(
      tables({
        dead_letters: [
          {
            ...letter,
            body: JSON.stringify(kept),
            reason: 'rejected_by_database',
            error: expect.stringMatching(/^The database refuses what the event says: .*\(SQLSTATE 54000\)\.$/),
            details: { sqlstate: '54000' },
          },
        ],
      }).dead_letters,
    );
    expect(await readEverything(webhooks)).not.toMatch(/hush|backup_codes/);
  });

  test('are taken out of the body of an event that says no user', async () => {
    const webhooks = await useWebhooks();
    expect(await webhooks.sendEvent(makeEvent({ phone_numbers: [PHONE] }))).toBe('dead_letter');
    expect(await readEverything(webhooks)).not.toMatch(/hush|backup_codes/);
  });

  test.each([
    ['a list of events', JSON.stringify([makeEvent({ id: 'user_1', phone_numbers: [PHONE] })])],
    ['a list of users', JSON.stringify(makeEvent([{ id: 'user_1', phone_numbers: [PHONE] }]))],
    ['a user without an envelope', JSON.stringify({ id: 'user_1', phone_numbers: [PHONE] })],
  ])('are taken out of %s', async (_case, body) => {
    const webhooks = await useWebhooks();
    expect(await webhooks.send(body)).toBe('dead_letter');
    expect(await readEverything(webhooks)).not.toMatch(/hush|backup_codes/);
  });

  const body = JSON.stringify(makeEvent({ id: 'user_1', phone_numbers: [PHONE], banned: true }));
  test.each([
    ['that ends too early', body.slice(0, -1)],
    ['that ends among the codes', body.slice(0, body.indexOf('0002'))],
    ['that ends inside of an escape', body.slice(0, body.indexOf('0003'))],
    ['with something after the end', `${body},`],
    ['that is indented', JSON.stringify(JSON.parse(body), null, 2).replace('{', '')],
    ['with one code instead of a list', body.slice(0, -1).replace(/\[("hush-0001").*?\](?=,"reserved")/, '$1')],
    ['with a NUL in it', `${body}\0`],
    ['that is a string of JSON', JSON.stringify(body)],
  ])('are taken out of a body %s, which is no JSON object', async (_case, broken) => {
    const webhooks = await useWebhooks();
    expect(await webhooks.send(broken)).toBe('dead_letter');
    const everything = await readEverything(webhooks);
    expect(everything).not.toMatch(/hush/);
    // What it was about can still be seen.
    expect(everything).toContain('+15005550006');
  });
});

describe('the log', () => {
  test('carries ids, types and outcomes of deliveries, and no word of what they say', async () => {
    const webhooks = await useWebhooks();
    const data = {
      id: 'user_1',
      first_name: 'Ada',
      email_addresses: [{ id: 'idn_1', email_address: 'ada@example.com' }],
    };
    await webhooks.sendEvent(makeEvent(data), { messageId: 'msg_1' });
    await webhooks.sendEvent(makeEvent({ ...data, banned: 'Ada' }), { messageId: 'msg_2' });
    await webhooks.send('{"first_name": "Ada"', { messageId: 'msg_3' });
    await webhooks.sendEvent(makeEvent({ ...data, username: `Ada${randomBytes(8000).toString('base64')}` }), {
      messageId: 'msg_4',
    });
    const lines = webhooks
      .logs()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const common = { time: expect.any(Number), request_id: expect.any(String), ms: expect.any(Number) };
    const said = { ...common, event_type: 'user.updated', user_id: 'user_1' };
    const kept = { level: 40, outcome: 'dead_letter', msg: 'delivery kept as a dead letter' };
    expect(lines).toEqual([
      { ...said, level: 30, message_id: 'msg_1', outcome: 'applied', msg: 'delivery settled' },
      { ...said, ...kept, message_id: 'msg_2', reason: 'invalid_shape' },
      { ...common, ...kept, event_type: null, user_id: null, message_id: 'msg_3', reason: 'invalid_json' },
      { ...said, ...kept, message_id: 'msg_4', reason: 'rejected_by_database' },
    ]);
  });
});
