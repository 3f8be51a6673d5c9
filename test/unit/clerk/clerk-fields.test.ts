import { describe, expect, test } from 'vitest';
import type { ListKey } from '../../../src/clerk/user/children.ts';
import { readMoment } from '../../../src/clerk/user/fields.ts';
import { parseUser } from '../../../src/clerk/user/parse-user.ts';
import { parseEvent } from '../../../src/clerk/webhook/parse-event.ts';
import { getRead } from '../../support/get-read.ts';

/** The place and kind of what is wrong with a user, as an event says it. Nothing if it can be read. */
function refuse(properties: Record<string, unknown>): string | undefined {
  const user = parseUser({ id: 'user_1', ...properties });
  return 'unreadable' in user ? `data.${user.unreadable.error}.` : undefined;
}

const NO_TIME = 'Expected a time in Unix milliseconds, or as RFC 3339 with its zone';

/** The same of a whole event. */
function refuseEvent(event: object): string | undefined {
  const at = new Date(0);
  const { content } = parseEvent({ messageId: 'msg_1', signedAt: at, receivedAt: at, body: JSON.stringify(event) });
  return content.kind === 'unreadable' ? `${content.unreadable.error}.` : undefined;
}

describe('a time', () => {
  test.each([
    [1_784_000_000_123, '2026-07-14T03:33:20.123Z'],
    [1_784_000_000, '2026-07-14T03:33:20.000Z'],
    [1_784_000_000.5, '2026-07-14T03:33:20.500Z'],
    [1_784_000_000_123.9, '2026-07-14T03:33:20.123Z'],
    ['2021-04-01T12:00:00Z', '2021-04-01T12:00:00.000Z'],
    ['2021-04-01T12:00:00.123456+02:00', '2021-04-01T10:00:00.123Z'],
    [12_345, '1970-01-01T03:25:45.000Z'],
    [1, '1970-01-01T00:00:01.000Z'],
    [0, '1970-01-01T00:00:00.000Z'],
    [-1, '1969-12-31T23:59:59.000Z'],
    [99_999_999_999, '5138-11-16T09:46:39.000Z'],
    [100_000_000_000, '1973-03-03T09:46:40.000Z'],
    [253_402_300_799_999, '9999-12-31T23:59:59.999Z'],
    [-62_135_596_800_000, '0001-01-01T00:00:00.000Z'],
    ['2021-04-01 12:00-05:30', '2021-04-01T17:30:00.000Z'],
    ['2021-04-01t12:00:00+0200', '2021-04-01T10:00:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    [JSON.rawJSON('1784000000123.0'), '2026-07-14T03:33:20.123Z'],
    [JSON.rawJSON('1.784000000123e12'), '2026-07-14T03:33:20.123Z'],
    [JSON.rawJSON('1.784e9'), '2026-07-14T03:33:20.000Z'],
  ])('is read from %j', (value, expected) => {
    expect(readMoment(value)?.toISOString()).toBe(expected);
  });

  test.each([
    253_402_300_800_000,
    -62_135_596_800_001,
    1e300,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    'soon',
    '',
    '2',
    '2021',
    '2021-04',
    '2021-04-01',
    '2021-04-01T12:00:00',
    '2021-04-01 12:00:00',
    '2021-04-01T12Z',
    '2021-02-30T12:00:00Z',
    '2021-13-01T12:00:00Z',
    '2021-04-01T25:00:00Z',
    '2021-04-01T12:00:00 PST',
    'Thu, 01 Apr 2021 12:00:00 GMT',
    'Apr 1 2021',
    '1784000000123',
    true,
    {},
    [1_784_000_000_123],
    null,
    undefined,
    JSON.rawJSON('1e400'),
  ])('is not read from %j', (value) => {
    expect(readMoment(value)).toBe(undefined);
  });

  test('that is null or empty is none, one that can’t be read is refused', () => {
    const { values } = getRead(parseUser({ id: 'user_1', last_sign_in_at: null, last_active_at: '' }));
    expect(values).toEqual({ last_sign_in_at: null, last_active_at: null });
    expect(refuse({ created_at: 'soon' })).toBe(`data.created_at: ${NO_TIME}.`);
  });
});

describe('a time, wherever one stands', () => {
  const USER_TIMES = `password_last_updated_at mfa_enabled_at mfa_disabled_at last_sign_in_at last_active_at
    legal_accepted_at created_at updated_at`.split(/\s+/);
  const CHILD_TIMES = {
    email_addresses: ['created_at', 'updated_at'],
    phone_numbers: ['created_at', 'updated_at'],
    web3_wallets: ['created_at', 'updated_at'],
    passkeys: ['last_used_at', 'created_at', 'updated_at'],
    external_accounts: ['created_at', 'updated_at'],
    saml_accounts: ['last_authenticated_at'],
    enterprise_accounts: ['last_authenticated_at'],
  };
  const places = [
    ...USER_TIMES.map((name) => [name, (value: unknown) => ({ [name]: value })] as const),
    ...Object.entries(CHILD_TIMES).flatMap(([list, names]) =>
      names.map((name) => {
        const make = (value: unknown) => ({ [list]: [{ id: 'idn_1' }, { id: 'idn_2', [name]: value }] });
        return [`${list}[1].${name}`, make] as const;
      }),
    ),
  ];

  test.each(places)('is refused with its place where its zone is missing: %s', (path, make) => {
    expect(refuse(make('2021-04-01T12:00:00'))).toBe(`data.${path}: ${NO_TIME}.`);
    expect(refuse(make('2'))).toBe(`data.${path}: ${NO_TIME}.`);
    expect(refuse(make('2021-04-01T12:00:00Z'))).toBe(undefined);
  });

  test.each([
    [{ timestamp: '2021-04-01T12:00:00' }, `timestamp: ${NO_TIME}.`],
    [{ timestamp: '2' }, `timestamp: ${NO_TIME}.`],
    [{ timestamp: true }, `timestamp: ${NO_TIME}.`],
    [{ instance_id: 7 }, 'instance_id: Invalid input: expected string, received number.'],
  ])('and what else the envelope says of the event is no less exact: %j', (properties, expected) => {
    for (const [type, data] of [
      ['user.updated', { id: 'user_1' }],
      ['user.deleted', { id: 'user_1', deleted: true }],
    ] as const) {
      expect(refuseEvent({ type, data, ...properties })).toBe(expected);
    }
    expect(refuseEvent({ type: 'session.created', data: {}, ...properties })).toBe(undefined);
  });

  test.each([{}, { timestamp: null, instance_id: null }, { timestamp: JSON.rawJSON('1.784e12'), instance_id: '' }])(
    'in the envelope may be missing: %j',
    (properties) => {
      expect(refuseEvent({ type: 'user.updated', data: { id: 'user_1' }, ...properties })).toBe(undefined);
    },
  );
});

describe('a count', () => {
  test.each([
    0,
    -1,
    100,
    9_007_199_254_740_991,
    null,
    JSON.rawJSON('9223372036854775807'),
    JSON.rawJSON('-9223372036854775808'),
  ])('may be %j', (value) => {
    expect(getRead(parseUser({ id: 'user_1', create_organizations_limit: value })).values).toEqual({
      create_organizations_limit: value,
    });
  });

  test.each([9_007_199_254_740_992, 1e16, -1e16])('may be %d, which a double holds by chance', (value) => {
    expect(getRead(parseUser({ id: 'user_1', create_organizations_limit: value })).values).toEqual({
      create_organizations_limit: JSON.rawJSON(String(value)),
    });
  });

  test.each([
    ['1.0', 1],
    ['1e5', 100_000],
    ['1E+5', 100_000],
    ['-1.50e1', -15],
    ['0.5e1', 5],
    ['10e-1', 1],
    ['0.0', 0],
    ['0e999999', 0],
    ['-0', 0],
    ['9223372036854775807.0', JSON.rawJSON('9223372036854775807')],
    ['9.223372036854775807e18', JSON.rawJSON('9223372036854775807')],
  ])('may be written %s', (source, expected) => {
    expect(getRead(parseUser({ id: 'user_1', create_organizations_limit: JSON.rawJSON(source) })).values).toEqual({
      create_organizations_limit: expected,
    });
  });

  test.each([
    ...[1.5, 1e19, 1e21, '1', '', true, {}, [1]],
    ...['9223372036854775808', '9223372036854775808.0', '1e19', '1e999999', '1.5', '1e-1'].map((source) =>
      JSON.rawJSON(source),
    ),
  ])('may not be %j', (value) => {
    expect(refuse({ create_organizations_limit: value })).toBe(
      'data.create_organizations_limit: Expected a whole number.',
    );
  });
});

describe('other properties', () => {
  test.each([
    [{ first_name: 1 }, 'data.first_name: Invalid input: expected string, received number.'],
    [{ banned: 'no' }, 'data.banned: Invalid input: expected boolean, received string.'],
    [{ email_addresses: {} }, 'data.email_addresses: Invalid input: expected array, received object.'],
    [{ email_addresses: [null] }, 'data.email_addresses[0]: Invalid input: expected object, received null.'],
    [
      { external_accounts: [{ id: 'idn_1', given_name: {} }] },
      'data.external_accounts[0].given_name: Invalid input: expected string, received object.',
    ],
    [
      { passkeys: [{ id: 'idn_1', verification: { status: 1 } }] },
      'data.passkeys[0].verification.status: Invalid input: expected string, received number.',
    ],
    [
      { banned: 'no', locked: 'no', username: 1 },
      'data.username: Invalid input: expected string, received number (and 2 more).',
    ],
  ])('of another type are refused with their place: %j', (properties, expected) => {
    expect(refuse(properties)).toBe(expected);
  });

  test.each([
    ...['email_addresses', 'phone_numbers', 'web3_wallets', 'passkeys'],
    ...['external_accounts', 'saml_accounts', 'enterprise_accounts'],
  ] as ListKey[])('of a child without a key are kept as they were sent, and hold nobody back: %s', (list) => {
    const unkeyed = [
      { name: 'no id', created_at: 'soon' },
      { id: null, verification: 7 },
      { id: '' },
      { id: 7, email_address: 'a@example.com' },
      { id: { a: 1 } },
      { id: 'x'.repeat(257) },
      { email_address: 7, phone_number: 7, web3_wallet: 7, backup_codes: ['secret'] },
    ];
    const user = {
      ...{ id: 'user_1', banned: true },
      [list]: [...unkeyed.slice(0, 3), { id: 'idn_1' }, ...unkeyed.slice(3)],
    };
    const { lists, extra, values } = getRead(parseUser(user));
    const { backup_codes: _, ...last } = unkeyed.at(-1) as Record<string, unknown>;
    expect({ values, ids: lists[list]?.map(({ id }) => id), extra }).toEqual({
      values: { banned: true },
      ids: ['idn_1'],
      extra: { [list]: [...unkeyed.slice(0, -1), last] },
    });
  });

  test('of a child with a key are checked, and their place is that in the list as it was sent', () => {
    expect(refuse({ passkeys: [{ name: 'no id' }, { id: 'idn_1', name: 7 }] })).toBe(
      'data.passkeys[1].name: Invalid input: expected string, received number.',
    );
  });

  test.each(['email_address', 'phone_number', 'web3_wallet'])('identify a child without an id: %s', (property) => {
    const list = property === 'email_address' ? 'email_addresses' : `${property}s`;
    const { lists } = getRead(parseUser({ id: 'user_1', [list]: [{ [property]: 'x' }] }));
    expect(lists).toEqual({
      [list]: [{ id: 'x', [property]: 'x', verification_status: null, verification_strategy: null, extra: {} }],
    });
  });

  test('are neither invented nor lost: absent stays absent, null null, "" text, unknown extra', () => {
    expect(parseUser({ id: 'user_1' })).toEqual({
      id: 'user_1',
      updatedAt: undefined,
      values: {},
      lists: {},
      extra: {},
    });
    const user = {
      id: 'user_1',
      object: 'user',
      updated_at: 1_784_000_000_123,
      username: null,
      first_name: '',
      primary_email_address_id: '',
      public_metadata: { a: [1] },
      passkeys: null,
      phone_numbers: [],
      shoe_size: 38,
    };
    expect(parseUser(user)).toEqual({
      id: 'user_1',
      updatedAt: new Date(1_784_000_000_123),
      values: { username: null, first_name: '', primary_email_address_id: null, public_metadata: { a: [1] } },
      lists: { passkeys: [], phone_numbers: [] },
      extra: { shoe_size: 38 },
    });
  });
});
