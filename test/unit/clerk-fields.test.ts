import { describe, expect, it } from 'vitest';
import { readTime } from '../../src/clerk/fields.ts';
import { parseUser } from '../../src/clerk/parse-user.ts';

/** The place and kind of what is wrong with a user; nothing when it parses. */
function refuse(properties: Record<string, unknown>): string | undefined {
  try {
    parseUser({ id: 'user_1', ...properties });
    return undefined;
  } catch (error) {
    return (error as Error).message.replace("The event does not have the shape of Clerk's: ", '');
  }
}

describe('a time', () => {
  it.each([
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
  ])('is read from %j', (value, expected) => {
    expect(readTime(value)?.toISOString()).toBe(expected);
  });

  it.each([
    253_402_300_800_000,
    -62_135_596_800_001,
    1e300,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    'soon',
    '',
    true,
    {},
    [1_784_000_000_123],
    null,
    undefined,
    JSON.rawJSON('1e400'),
  ])('is not read from %j', (value) => {
    expect(readTime(value)).toBe(undefined);
  });

  it('that is null or empty is none, one that can’t be read is refused', () => {
    const { values } = parseUser({ id: 'user_1', last_sign_in_at: null, last_active_at: '' });
    expect(values).toEqual({ last_sign_in_at: null, last_active_at: null });
    expect(refuse({ created_at: 'soon' })).toBe('data.created_at: Expected a time in Unix milliseconds.');
  });
});

describe('a count', () => {
  it.each([
    0,
    -1,
    100,
    9_007_199_254_740_991,
    null,
    JSON.rawJSON('9223372036854775807'),
    JSON.rawJSON('-9223372036854775808'),
  ])('may be %j', (value) => {
    expect(parseUser({ id: 'user_1', create_organizations_limit: value }).values).toEqual({
      create_organizations_limit: value,
    });
  });

  it.each([1.5, '1', true, {}, JSON.rawJSON('9223372036854775808'), JSON.rawJSON('1.0'), JSON.rawJSON('1e5')])(
    'may not be %j',
    (value) => {
      expect(refuse({ create_organizations_limit: value })).toBe(
        'data.create_organizations_limit: Expected a whole number.',
      );
    },
  );
});

describe('other properties', () => {
  it.each([
    [{ first_name: 1 }, 'data.first_name: Invalid input: expected string, received number.'],
    [{ banned: 'no' }, 'data.banned: Invalid input: expected boolean, received string.'],
    [{ email_addresses: {} }, 'data.email_addresses: Invalid input: expected array, received object.'],
    [{ email_addresses: [null] }, 'data.email_addresses[0]: Invalid input: expected object, received null.'],
    [{ passkeys: [{ id: 'idn_1' }, { id: '' }] }, 'data.passkeys[1].id: Expected an id.'],
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

  it.each(['email_address', 'phone_number', 'web3_wallet'])('identify a child without an id: %s', (property) => {
    const list = property === 'email_address' ? 'email_addresses' : `${property}s`;
    const { lists } = parseUser({ id: 'user_1', [list]: [{ [property]: 'x' }] });
    expect(lists).toEqual({
      [list]: [{ id: 'x', [property]: 'x', verification_status: null, verification_strategy: null, extra: {} }],
    });
  });

  it('are neither invented nor lost: absent stays absent, null null, "" text, unknown extra', () => {
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
