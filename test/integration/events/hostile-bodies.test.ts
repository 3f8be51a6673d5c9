import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  makeEventWith,
  makeUserEvent,
  sendHonestEvent,
  unharmed,
  useReceivingApp,
} from '../../support/use-receiving-app.ts';

describe('a signed body that is no event', () => {
  test.each([
    ['nothing', '', 'invalid_json', ''],
    ['white space', ' \r\n', 'invalid_json', ' \r\n'],
    ['a NUL', '\0', 'invalid_json', '\ufffd'],
    ['half an event', '{"type":"user.created","data":{', 'invalid_json', '{"type":"user.created","data":{'],
    ['two events', '{}{}', 'invalid_json', '{}{}'],
    ['no strict JSON', "{type:'user.created',}", 'invalid_json', "{type:'user.created',}"],
    ['NaN', '{"type":NaN}', 'invalid_json', '{"type":NaN}'],
    ['null', 'null', 'invalid_shape', 'null'],
    ['a list', '[]', 'invalid_shape', '[]'],
    ['a number', '42', 'invalid_shape', '42'],
    ['an empty object', '{}', 'invalid_shape', '{}'],
    [
      'a type that is no text',
      '{"type":1,"data":{"id":"user_1"}}',
      'invalid_shape',
      '{"type":1,"data":{"id":"user_1"}}',
    ],
    ['no data', '{"type":"user.created"}', 'invalid_shape', '{"type":"user.created"}'],
    ['data that is a list', '{"type":"user.created","data":[]}', 'invalid_shape', '{"type":"user.created","data":[]}'],
    ['no id', '{"type":"user.deleted","data":{}}', 'missing_user_id', '{"type":"user.deleted","data":{}}'],
    [
      'an empty id',
      '{"type":"user.updated","data":{"id":""}}',
      'missing_user_id',
      '{"type":"user.updated","data":{"id":""}}',
    ],
  ])('is kept as a dead letter: %s', async (_, body, reason, kept) => {
    const receiving = await useReceivingApp();
    expect(await receiving.send(body, { messageId: 'msg_1' })).toEqual({
      status: 200,
      body: { outcome: 'dead_letter', message_id: 'msg_1' },
    });
    const letters = await receiving.database
      .sql`select message_id, reason, body, state, attempts from clerk.dead_letters`;
    expect([...letters]).toEqual([{ message_id: 'msg_1', reason, body: kept, state: 'open', attempts: 1 }]);
    expect(await sendHonestEvent(receiving)).toEqual(unharmed);
  });
});

describe('nesting', () => {
  const nest = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);

  test.each([999, 1001, 4096, 6000, 100_000, 260_000])(
    '%i levels deep in metadata keeps nothing from being applied',
    async (depth) => {
      const receiving = await useReceivingApp();
      for (const [place, json] of [
        nest('[', ']', depth),
        `${'{"a":'.repeat(depth / 4)}0${'}'.repeat(depth / 4)}`,
      ].entries()) {
        const event = makeEventWith({ banned: true, unsafe_metadata: 'here' }, json).replace('user_1', `user_${place}`);
        expect((await receiving.send(event)).body).toEqual({ outcome: 'applied', message_id: expect.any(String) });
      }
      expect([...(await receiving.database.sql`select id, banned from clerk.users order by id`)]).toEqual([
        { id: 'user_0', banned: true },
        { id: 'user_1', banned: true },
      ]);
      expect(await sendHonestEvent(receiving)).toEqual(unharmed);
    },
  );

  test.each(['data', 'type', 'timestamp', 'instance_id', 'new_key'])(
    'of a whole event, at %s, is settled too',
    async (key) => {
      const receiving = await useReceivingApp();
      const event = JSON.stringify({ ...makeUserEvent(), [key]: 'here' }).replace('"here"', nest('[', ']', 200_000));
      expect((await receiving.send(event)).status).toBe(200);
      expect(await sendHonestEvent(receiving)).toEqual(unharmed);
    },
  );

  test('that is never closed is a dead letter', async () => {
    const receiving = await useReceivingApp();
    expect((await receiving.send('['.repeat(1_000_000))).body).toMatchObject({ outcome: 'dead_letter' });
    expect(await sendHonestEvent(receiving)).toEqual(unharmed);
  });
});

describe('size', () => {
  test.each<[string, Record<string, unknown>]>([
    [
      'a hundred thousand keys of metadata',
      { public_metadata: Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`k${n}`, n])) },
    ],
    [
      'two thousand e-mail addresses',
      {
        email_addresses: Array.from({ length: 2000 }, (_, n) => ({
          id: `idn_${n}`,
          email_address: `${n}@example.com`,
        })),
      },
    ],
    ['a name of a megabyte', { first_name: 'n'.repeat(1_000_000) }],
    [
      'thirty thousand keys that nobody knows',
      Object.fromEntries(Array.from({ length: 30_000 }, (_, n) => [`new_${n}`, n])),
    ],
  ])('is no obstacle below the limit: %s', async (_, properties) => {
    const receiving = await useReceivingApp();
    expect((await receiving.send(JSON.stringify(makeUserEvent(properties)))).body).toMatchObject({
      outcome: 'applied',
    });
    expect(await sendHonestEvent(receiving)).toEqual(unharmed);
  });

  test.each<[string, Record<string, unknown>]>([
    ['user id', { id: 'user_'.padEnd(100_000, 'x') }],
    ['username', { username: randomText(100_000) }],
    ['external id', { external_id: randomText(100_000) }],
    ['e-mail address', { email_addresses: [{ id: 'idn_1', email_address: randomText(100_000) }] }],
    ['child id', { email_addresses: [{ id: randomText(100_000), email_address: 'a@example.com' }] }],
  ])('that no index can hold is the event’s own fault: %s', async (_, properties) => {
    const receiving = await useReceivingApp();
    const { status, body } = await receiving.send(JSON.stringify(makeUserEvent(properties)));
    expect([status, ['applied', 'dead_letter'].includes(body.outcome)]).toEqual([200, true]);
    expect(await sendHonestEvent(receiving)).toEqual(unharmed);
  });
});

test('any JSON at any property is settled: applied or kept, never answered with an error', async () => {
  const receiving = await useReceivingApp();
  const seed = Number(process.env.HOSTILE_SEED ?? Date.now() % 2 ** 31);
  const properties = [
    'id',
    'first_name',
    'banned',
    'created_at',
    'updated_at',
    'public_metadata',
    'email_addresses',
    'phone_numbers',
    'external_accounts',
    'passkeys',
    'saml_accounts',
    'lockout_expires_in_seconds',
    'scim',
    'extra',
    'deleted_at',
    'stated_keys',
  ];
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }),
    fc.constantFrom(-1, 1e300, 2 ** 63, '\0', '', [null], [{}], [[]], [{ id: 5 }], [{ id: 'a' }, { id: 'a' }], {
      id: null,
    }),
  );
  const data = fc.dictionary(fc.constantFrom(...properties), value, { maxKeys: 6 });
  let count = 0;
  await fc.assert(
    fc.asyncProperty(data, async (given) => {
      count += 1;
      const { status } = await receiving.send(JSON.stringify(makeUserEvent(given, `user_${count}`)));
      expect(status).toBe(200);
    }),
    { numRuns: 300, seed },
  );
  expect(await sendHonestEvent(receiving)).toEqual(unharmed);
});

/** Text that compression does not shorten: what is in an index may be compressed. */
function randomText(length: number): string {
  return Array.from({ length }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90))).join('');
}
