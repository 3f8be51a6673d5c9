import { beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { insertRequest } from '../../support/insert-request.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  return () => database.drop();
});

const insert = (request: string, action = 'update') => insertRequest(database.sql, { action, request });

/** JSON of each type, and how a message calls it. */
const SAMPLES = {
  text: ['"text"', 'a text'],
  number: ['7', 'a number'],
  flag: ['true', 'true or false'],
  list: ['[]', 'a list'],
  object: ['{}', 'an object'],
} as const;

type Type = keyof typeof SAMPLES;

interface Property {
  readonly type: Type;
  /** How a message calls what it must be. */
  readonly must: string;
  readonly isNullable: boolean;
  /** Values that are taken. */
  readonly right: readonly string[];
  /** What has to stand beside it. */
  readonly beside?: string;
  /** Values of the right type that are refused, each with the whole message. */
  readonly wrong?: Readonly<Record<string, string>>;
}

const text = (...right: string[]): Property => ({
  type: 'text',
  must: 'a text or null',
  isNullable: true,
  right: ['"Ada"', '"Zoë \\"\\\\ 李"', '""', ...right],
});
const flag: Property = { type: 'flag', must: 'true, false or null', isNullable: true, right: ['true', 'false'] };
const object: Property = {
  type: 'object',
  must: 'an object or null',
  isNullable: true,
  right: ['{}', '{"plan": "pro", "seats": 3, "deep": {"list": [null, 1.50]}}'],
};
const time = (name: string): Property => {
  const message = `request.${name} must be a time as in RFC 3339, such as "2026-01-31T12:00:00Z".`;
  const wrong = [
    ...['"2026-01-31"', '"2026-01-31 12:00:00Z"', '"2026-01-31T12:00:00"', '"2026-01-31T12:00Z"', '"1769860800"', '""'],
    ...['"2026-02-29T12:00:00Z"', '"2026-04-31T12:00:00Z"', '"2026-13-01T12:00:00Z"', '"2026-00-01T12:00:00Z"'],
    ...['"2026-01-00T12:00:00Z"', '"2026-01-31T24:00:00Z"', '"2026-01-31T12:60:00Z"', '"2026-01-31T12:00:61Z"'],
    ...['"2026-01-31T12:00:00+0100"', '"2026-01-31T12:00:00+24:00"', '"0000-01-31T12:00:00Z"', '"yesterday"'],
    ...['"2026-01-31T12:00:00Z "', '"2026-01-31T12:00:00Z\\n"', '"2026-01-31T12:00:00.Z"'],
  ];
  return {
    type: 'text',
    must: 'a text or null',
    isNullable: true,
    right: [
      ...['"2026-01-31T12:00:00Z"', '"2028-02-29T23:59:59.123456789+05:30"', '"1985-04-12t23:20:50.52z"'],
      ...['"1990-12-31T23:59:60Z"', '"1937-01-01T12:00:27.87-00:00"'],
    ],
    wrong: Object.fromEntries(wrong.map((value) => [value, message])),
  };
};
const withPassword = { ...flag, beside: '"password": "long enough"' };

const PROPERTIES: Readonly<Record<string, Property>> = {
  external_id: text(),
  first_name: text(),
  last_name: text(),
  primary_email_address_id: text('"idn_1"'),
  notify_primary_email_address_changed: flag,
  primary_phone_number_id: text('"idn_2"'),
  primary_web3_wallet_id: text('"idn_3"'),
  username: text(),
  profile_image_id: text('"img_1"'),
  password: {
    type: 'text',
    must: 'a text or null',
    isNullable: true,
    right: ['"8 letters"', '"Zürich 8"', '"pässwörd"'],
    wrong: {
      '""': 'request.password must have at least 8 characters, unless request.skip_password_checks is true.',
      '"7 signs"': 'request.password must have at least 8 characters, unless request.skip_password_checks is true.',
      '"[erased]"': 'request.password was erased when its request was settled. Give it again.',
    },
  },
  password_digest: {
    type: 'text',
    must: 'a text',
    isNullable: false,
    right: ['"$2a$10$abc"'],
    beside: '"password_hasher": "bcrypt"',
    wrong: { '"[erased]"': 'request.password_digest was erased when its request was settled. Give it again.' },
  },
  password_hasher: {
    type: 'text',
    must: 'a text',
    isNullable: false,
    right: ['"bcrypt"', '"a hasher of tomorrow"'],
    beside: '"password_digest": "$2a$10$abc"',
  },
  skip_password_checks: withPassword,
  sign_out_of_other_sessions: withPassword,
  totp_secret: {
    ...text('"JBSWY3DPEHPK3PXP"'),
    wrong: { '"[erased]"': 'request.totp_secret was erased when its request was settled. Give it again.' },
  },
  backup_codes: {
    type: 'list',
    must: 'a list of texts',
    isNullable: false,
    right: ['[]', '["abc", "def"]'],
    wrong: {
      '["abc", 1]': 'request.backup_codes must be a list of texts, and one of them is no text.',
      '[null]': 'request.backup_codes must be a list of texts, and one of them is no text.',
      '[["abc"]]': 'request.backup_codes must be a list of texts, and one of them is no text.',
      '"[erased]"': 'request.backup_codes was erased when its request was settled. Give it again.',
    },
  },
  public_metadata: object,
  private_metadata: object,
  unsafe_metadata: object,
  delete_self_enabled: flag,
  create_organization_enabled: flag,
  legal_accepted_at: time('legal_accepted_at'),
  skip_legal_checks: flag,
  create_organizations_limit: {
    type: 'number',
    must: 'a number or null',
    isNullable: true,
    right: ['0', '7', '9007199254740993'],
    wrong: Object.fromEntries(
      ['-1', '0.5', '1.0', '-0.0'].map((value) => [
        value,
        'request.create_organizations_limit must be a whole number, 0 or more.',
      ]),
    ),
  },
  created_at: time('created_at'),
  locale: text('"en-US"'),
  bypass_client_trust: flag,
};

describe.each(Object.entries(PROPERTIES))('%s', (name, { type, must, isNullable, right, beside, wrong = {} }) => {
  const make = (value: string) => `{"${name}": ${value}${beside === undefined ? '' : `, ${beside}`}}`;

  test('is stored as it is given', async () => {
    for (const value of isNullable ? [...right, 'null'] : right) {
      const [expected] = await database.sql`select ${make(value)}::text::jsonb::text as stored`;
      expect(await insert(make(value))).toEqual(expected);
    }
  });

  test('is refused with any other value, by its name', async () => {
    for (const [other, [value, found]] of Object.entries(SAMPLES)) {
      if (other === type) continue;
      const refused = `request.${name} must be ${must}, and is ${found}.`;
      expect(await insert(make(value))).toEqual({ refused, column: 'request' });
    }
    if (!isNullable) {
      expect(await insert(make('null'))).toEqual({ refused: `request.${name} must not be null.`, column: 'request' });
    }
    for (const [value, refused] of Object.entries(wrong)) {
      expect([value, await insert(make(value))]).toEqual([value, { refused, column: 'request' }]);
    }
  });
});

test.each([
  ['{}', 'request must have at least one property.'],
  ['[]', 'request must be an object, such as {"first_name": "Ada"}.'],
  ['"text"', 'request must be an object, such as {"first_name": "Ada"}.'],
  ['null', 'request must be an object, such as {"first_name": "Ada"}.'],
  ['{"firstName": "Ada"}', 'request.firstName is not a property that the action update takes.'],
  ['{"banned": true}', 'request.banned is not a property that the action update takes.'],
  ['{"timezone": null}', 'request.timezone is not a property that the action update takes.'],
  [`{"${'x'.repeat(99)}": 1}`, `request.${'x'.repeat(63)} is not a property that the action update takes.`],
  ['{"password_digest": "$2a$10$abc"}', 'request.password_digest needs request.password_hasher.'],
  ['{"password_hasher": "bcrypt"}', 'request.password_hasher needs request.password_digest.'],
  ['{"skip_password_checks": true}', 'request.skip_password_checks needs request.password.'],
  ['{"skip_password_checks": false}', 'request.skip_password_checks needs request.password.'],
  ['{"skip_password_checks": true, "password": null}', 'request.skip_password_checks needs request.password.'],
  ['{"sign_out_of_other_sessions": true}', 'request.sign_out_of_other_sessions needs request.password.'],
  [
    '{"password": "short", "skip_password_checks": false}',
    'request.password must have at least 8 characters, unless request.skip_password_checks is true.',
  ],
])('refuses the request %s', async (request, refused) => {
  expect(await insert(request)).toEqual({ refused, column: 'request' });
});

test('takes a short password where its checks are skipped', async () => {
  expect(await insert('{"password": "short", "skip_password_checks": true}')).toEqual({
    stored: '{"password": "short", "skip_password_checks": true}',
  });
});

test('a message names the first fault and quotes no value', async () => {
  const answer = await insert(
    '{"password": "7 signs", "first_name": ["Ada Lovelace"], "totp_secret": "JBSWY3DPEHPK3PXP"}',
  );
  expect(answer).toEqual({ refused: 'request.first_name must be a text or null, and is a list.', column: 'request' });
});
