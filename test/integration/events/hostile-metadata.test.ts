import { describe, expect, test } from 'vitest';
import { makeEventWith, makeUserEvent, useReceivingApp } from '../../support/use-receiving-app.ts';

describe('text that Postgres can’t store', () => {
  test('does not keep a ban from arriving when the user has put a NUL into his own metadata', async () => {
    const { send, database, metrics } = await useReceivingApp();
    await send(JSON.stringify(makeUserEvent({ banned: false })));
    const banned = makeUserEvent({
      banned: true,
      updated_at: 1_767_225_700_000,
      unsafe_metadata: { bio: 'a\0b\ud800c' },
    });
    expect(await send(JSON.stringify(banned), { messageId: 'msg_ban' })).toEqual({
      status: 200,
      body: { outcome: 'applied', message_id: 'msg_ban' },
    });
    const rows = await database.sql`select banned, unsafe_metadata, last_message_id from clerk.users`;
    expect([...rows]).toEqual([
      { banned: true, unsafe_metadata: { bio: 'a\ufffdb\ufffdc' }, last_message_id: 'msg_ban' },
    ]);
    expect(await metrics.render()).toContain('clerk_sync_sanitized_strings_total 1');
  });

  test.each([
    'first_name',
    'username',
    'external_id',
    'image_url',
    'primary_email_address_id',
    'birthday',
    'some_new_key',
  ])('is replaced in %s', async (property) => {
    const { send, database } = await useReceivingApp();
    const { body } = await send(JSON.stringify(makeUserEvent({ [property]: 'a\0b' })));
    const [row] = await database.sql`select to_jsonb(u) || u.extra as "user" from clerk.users u`;
    expect([body.outcome, row?.user[property]]).toEqual(['applied', 'a\ufffdb']);
  });
});

describe('8 kB of metadata', () => {
  const oddities = [
    ...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)),
    '\x7f\x80\x9f',
    '\u00ad',
    'e\u0301 \u00e9',
    '\u1e9b\u0323',
    '\u200b\u200d\u2060',
    '\u202e\u202d\u2066\u2069',
    '\u2028\u2029',
    '\ufeff',
    '\ufffe\uffff',
    '\ufdd0',
    '\ue000',
    '👨‍👩‍👧‍👦',
    '🏴󠁧󠁢󠁳󠁣󠁴󠁿',
    '\u{10ffff}',
    '\u{1fffe}',
    '\ud800',
    '\udc00',
    '\udc00\ud800',
    'a\ud83dz',
    '𝕏'.repeat(200),
    'Z̸̡̛͙̦̀͑'.repeat(50),
    'ﷺ',
    'İıſK',
    '"\\/\b\f\n\r\t',
    "';drop table clerk.users;--",
    '\x24{x}{{x}}%s$1',
  ];
  const metadata: Record<string, unknown> = Object.fromEntries(oddities.map((text, place) => [`k${place}`, text]));
  for (const [place, text] of oddities.entries()) metadata[`${text}${place}`] = place;
  for (const key of ['', ' ', '0', '-1', 'constructor', 'toString', 'hasOwnProperty', 'length']) metadata[key] = key;

  const clean = (text: string) => text.toWellFormed().replaceAll('\0', '\ufffd');
  const stored = Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [clean(key), typeof value === 'string' ? clean(value) : value]),
  );

  test.each(['public_metadata', 'private_metadata', 'unsafe_metadata'])(
    'with every oddity of Unicode comes back from %s as it was sent',
    async (property) => {
      const { send, database } = await useReceivingApp();
      // Once with escapes and once without: JSON.stringify escapes lone surrogates and controls only.
      const text = JSON.stringify(metadata).replaceAll('\u2028', '\\u2028').replace('👨', '\\ud83d\\udc68');
      expect(Buffer.byteLength(text)).toBeGreaterThan(4000);
      const { body } = await send(makeEventWith({ [property]: 'here' }, text));
      const [row] = await database.sql`select ${database.sql(property)} as metadata from clerk.users`;
      expect([body.outcome, row?.metadata]).toEqual(['applied', stored]);
    },
  );

  test('may have __proto__ among its keys, which stays a key', async () => {
    const receiving = await useReceivingApp();
    const text = '{"__proto__":{"admin":true},"a":{"__proto__":[1]},"nul":"\\u0000"}';
    await receiving.send(makeEventWith({ public_metadata: 'here' }, text));
    const [row] = await receiving.database.sql`select public_metadata::text as metadata from clerk.users`;
    expect(row).toEqual({ metadata: '{"a": {"__proto__": [1]}, "nul": "\ufffd", "__proto__": {"admin": true}}' });
    expect(({} as { admin?: boolean }).admin).toBe(undefined);
  });

  test.each([
    '9007199254740993',
    '0.1234567890123456789',
    '-0.0',
    '1e3',
    '1E400',
    '1e-400',
    '123456789012345678901234567890.000000000000000001',
  ])('may have the number %s, whose value stays exact', async (number) => {
    const { send, database } = await useReceivingApp();
    const { body } = await send(makeEventWith({ public_metadata: { n: 'here' } }, number));
    const [row] =
      await database.sql`select (public_metadata->>'n')::numeric = ${number}::numeric as exact from clerk.users`;
    expect([body.outcome, row]).toEqual(['applied', { exact: true }]);
  });

  test.each([
    ['1e200000', '1e200000'],
    ['9'.repeat(200_000), '9'.repeat(200_000)],
    ['1e-20000', '1e-20000'],
  ])('may have a number that no Postgres can hold, which becomes its text: %.10s', async (number, text) => {
    const { send, database } = await useReceivingApp();
    const { body } = await send(makeEventWith({ public_metadata: { n: 'here' } }, number));
    expect([body.outcome, ...(await database.sql`select public_metadata from clerk.users`)]).toEqual([
      'applied',
      { public_metadata: { n: text } },
    ]);
  });
});
