import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readApiUser } from '../../../src/clerk/api/api-user.ts';
import { parseJson } from '../../../src/clerk/json/parse-json.ts';
import type { ClerkUser } from '../../../src/clerk/user/parse-user.ts';
import { type AskedChange, compareAnswer, type Verdict } from '../../../src/user-updates/compare-answer.ts';
import { type ApiUserJson, makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import type { FakeInstance } from '../../support/fake-clerk/writes/fake-instance.ts';
import { changeMetadata } from '../../support/fake-clerk/writes/metadata.ts';
import { patchUser } from '../../support/fake-clerk/writes/patch-user.ts';
import { getRead } from '../../support/get-read.ts';

const ID = makeUserId(0);
const SENT_AT = new Date('2026-06-01T12:00:00Z');

/** A user as the client reads one from an answer. */
function readUser(text: string): ClerkUser {
  const { user } = readApiUser(getRead(parseJson(text)).value);
  return user ?? expect.unreachable();
}

/** What is told of one property of a request, both as JSON; `found` is the user's properties of interest. */
function judge(property: string, asked: string, found: string, mode: AskedChange['metadataMode'] = 'replace') {
  const request = getRead(parseJson(`{"${property}":${asked}}`)).value as AskedChange['request'];
  const user = readUser(`{"object":"user","id":"${ID}"${found === '' ? '' : `,${found}`}}`);
  return compareAnswer({ request, metadataMode: mode, sentAt: SENT_AT }, user)[property];
}

test.each<[property: string, asked: string, found: string, Verdict]>([
  ['external_id', '"c_1"', '"external_id":"c_1"', 'applied'],
  ['external_id', '"c_1"', '"external_id":"c_2"', 'not_applied'],
  ['external_id', '"c_1"', '"external_id":null', 'not_applied'],
  ['external_id', 'null', '"external_id":null', 'applied'],
  ['external_id', 'null', '', 'applied'],
  ['external_id', 'null', '"external_id":"c_1"', 'not_applied'],
  ['first_name', '"Zoë"', '"first_name":"Zoë"', 'applied'],
  ['first_name', '"Zoë"', '"first_name":"zoë"', 'not_applied'],
  ['last_name', '""', '"last_name":null', 'applied'],
  ['last_name', '""', '"last_name":""', 'applied'],
  ['last_name', 'null', '"last_name":""', 'applied'],
  ['username', '""', '"username":null', 'applied'],
  ['username', 'null', '"username":"ada_l"', 'not_applied'],
  ['locale', 'null', '', 'applied'],
  ['locale', '"de-CH"', '', 'not_applied'],
  ['primary_email_address_id', '"idn_1"', '"primary_email_address_id":"idn_1"', 'applied'],
  ['primary_email_address_id', '"idn_1"', '"primary_email_address_id":"idn_2"', 'not_applied'],
  ['primary_phone_number_id', 'null', '"primary_phone_number_id":""', 'applied'],
  ['primary_web3_wallet_id', 'null', '"primary_web3_wallet_id":"idn_1"', 'not_applied'],
  ['delete_self_enabled', 'false', '"delete_self_enabled":false', 'applied'],
  ['delete_self_enabled', 'false', '"delete_self_enabled":true', 'not_applied'],
  // Nobody knows what null does here: it may be asked for again without harm.
  ['create_organization_enabled', 'null', '"create_organization_enabled":true', 'not_applied'],
  ['bypass_client_trust', 'true', '"bypass_client_trust":true', 'applied'],
  ['bypass_client_trust', 'true', '', 'not_applied'],
  ['bypass_client_trust', 'false', '', 'applied'],
  ['bypass_client_trust', 'null', '', 'applied'],
  ['bypass_client_trust', 'null', '"bypass_client_trust":true', 'not_applied'],
  ['create_organizations_limit', '5', '"create_organizations_limit":5', 'applied'],
  ['create_organizations_limit', '5', '"create_organizations_limit":6', 'not_applied'],
  ['create_organizations_limit', '5', '', 'not_applied'],
  ['create_organizations_limit', '0', '', 'not_applied'],
  ['create_organizations_limit', '0', '"create_organizations_limit":null', 'not_applied'],
  ['create_organizations_limit', 'null', '', 'applied'],
  ['create_organizations_limit', 'null', '"create_organizations_limit":0', 'not_applied'],
  ['create_organizations_limit', '5.0', '"create_organizations_limit":5', 'applied'],
  ['create_organizations_limit', '9007199254740993', '"create_organizations_limit":9007199254740993', 'applied'],
  ['create_organizations_limit', '9007199254740993', '"create_organizations_limit":9007199254740992', 'not_applied'],
  ['legal_accepted_at', '"2026-01-01T00:00:00+01:00"', '"legal_accepted_at":1767222000000', 'applied'],
  ['legal_accepted_at', '"2026-01-01t00:00:00.250z"', '"legal_accepted_at":1767225600250', 'applied'],
  ['legal_accepted_at', '"2026-01-01T00:00:00Z"', '"legal_accepted_at":1767225600001', 'not_applied'],
  ['legal_accepted_at', '"2026-01-01T00:00:00.000000Z"', '"legal_accepted_at":1767225600001', 'not_applied'],
  ['legal_accepted_at', '"2026-01-01T00:00:00.0009Z"', '"legal_accepted_at":1767225600000', 'applied'],
  ['legal_accepted_at', '"2026-01-01T00:00:00.0009Z"', '"legal_accepted_at":1767225600001', 'applied'],
  ['legal_accepted_at', '"2026-01-01T00:00:00Z"', '"legal_accepted_at":null', 'not_applied'],
  ['legal_accepted_at', '"2026-01-01T00:00:00Z"', '', 'not_applied'],
  ['legal_accepted_at', 'null', '"legal_accepted_at":null', 'applied'],
  ['legal_accepted_at', 'null', '', 'applied'],
  ['legal_accepted_at', 'null', '"legal_accepted_at":1767225600000', 'not_applied'],
  ['created_at', '"2020-02-29T00:00:00Z"', '"created_at":1582934400000', 'applied'],
  ['created_at', '"no time"', '"created_at":1582934400000', 'not_applied'],
  ['created_at', 'null', '"created_at":1582934400000', 'not_applied'],
  ['profile_image_id', '"img_1"', '"has_image":true', 'not_applied'],
  ['profile_image_id', 'null', '"has_image":false', 'applied'],
  ['profile_image_id', 'null', '"has_image":true', 'not_applied'],
  ['skip_legal_checks', 'true', '', 'not_applied'],
  ['a_property_of_tomorrow', '1', '"a_property_of_tomorrow":1', 'unknown'],
  ['constructor', '1', '', 'unknown'],
])('%s asked as %s and found as %s is %s', (property, asked, found, verdict) => {
  expect(judge(property, asked, found)).toBe(verdict);
});

describe('an order', () => {
  const before = '"password_enabled":true,"password_last_updated_at":1780315199999';
  const after = '"password_enabled":true,"password_last_updated_at":1780315200000';
  test.each<[property: string, asked: string, found: string, Verdict]>([
    ['password', '"S3cret-enough"', before, 'unknown'],
    ['password', '"S3cret-enough"', after, 'applied'],
    ['password', '"S3cret-enough"', '"password_enabled":false', 'unknown'],
    ['password', '"S3cret-enough"', '', 'unknown'],
    ['password', 'null', before, 'not_applied'],
    ['password', 'null', '"password_enabled":false', 'applied'],
    ['password_digest', '"$2b$10$x"', before, 'unknown'],
    ['password_digest', '"$2b$10$x"', after, 'applied'],
    ['password_hasher', '"bcrypt"', before, 'unknown'],
    ['password_hasher', '"bcrypt"', after, 'applied'],
    ['sign_out_of_other_sessions', 'true', after, 'unknown'],
    ['sign_out_of_other_sessions', 'false', before, 'applied'],
    ['sign_out_of_other_sessions', 'null', before, 'applied'],
    ['notify_primary_email_address_changed', 'true', after, 'unknown'],
    ['notify_primary_email_address_changed', 'false', before, 'applied'],
    ['totp_secret', '"JBSWY3DP"', '"totp_enabled":true', 'unknown'],
    ['totp_secret', '"JBSWY3DP"', '"totp_enabled":false', 'unknown'],
    ['totp_secret', 'null', '"totp_enabled":true', 'not_applied'],
    ['totp_secret', 'null', '"totp_enabled":false', 'applied'],
    ['backup_codes', '["a"]', '"backup_code_enabled":true', 'unknown'],
    ['backup_codes', '["a"]', '"backup_code_enabled":false', 'unknown'],
    ['backup_codes', '[]', '"backup_code_enabled":true', 'not_applied'],
    ['backup_codes', '[]', '"backup_code_enabled":false', 'applied'],
  ])('%s asked as %s and found as %s is %s', (property, asked, found, verdict) => {
    expect(judge(property, asked, found)).toBe(verdict);
  });

  test('is never proven before anything was sent', () => {
    const request = { password: 'S3cret-enough', skip_password_checks: true };
    const user = readUser(`{"object":"user","id":"${ID}",${after}}`);
    expect(compareAnswer({ request, metadataMode: 'replace', sentAt: null }, user)).toEqual({
      ...{ password: 'unknown', skip_password_checks: 'unknown' },
    });
  });

  test('to set a password includes how it is checked', () => {
    const asked = { metadataMode: 'replace', sentAt: SENT_AT } as const;
    const request = { password: 'short', skip_password_checks: true };
    const verdicts = [before, after].map((found) =>
      compareAnswer({ ...asked, request }, readUser(`{"object":"user","id":"${ID}",${found}}`)),
    );
    expect(verdicts).toEqual([
      { password: 'unknown', skip_password_checks: 'unknown' },
      { password: 'applied', skip_password_checks: 'applied' },
    ]);
    const alone = compareAnswer({ ...asked, request: { skip_password_checks: null } }, readUser(`{"id":"${ID}"}`));
    expect(alone).toEqual({ skip_password_checks: 'applied' });
  });
});

describe('metadata that is replaced', () => {
  test.each<[asked: string, found: string, Verdict]>([
    ['{"a":1}', '{"a":1}', 'applied'],
    ['{"a":1,"b":{"c":[1,{"d":null}]}}', '{"b":{"c":[1,{"d":null}]},"a":1}', 'applied'],
    ['{"a":1}', '{"a":1,"b":2}', 'not_applied'],
    ['{"a":1,"b":2}', '{"a":1}', 'not_applied'],
    ['{"a":null}', '{}', 'not_applied'],
    ['{"a":null}', '{"b":null}', 'not_applied'],
    ['{"a":[1,2]}', '{"a":[2,1]}', 'not_applied'],
    ['{"a":[1]}', '{"a":{"0":1}}', 'not_applied'],
    ['{"a":{}}', '{"a":[]}', 'not_applied'],
    ['{"a":"1"}', '{"a":1}', 'not_applied'],
    ['{"a":1.50}', '{"a":1.5}', 'applied'],
    ['{"a":1e3}', '{"a":1000.0}', 'applied'],
    ['{"a":-0.0}', '{"a":0}', 'applied'],
    ['{"a":-1}', '{"a":1}', 'not_applied'],
    ['{"a":12}', '{"a":1.2}', 'not_applied'],
    ['{"a":100}', '{"a":1}', 'not_applied'],
    ['{"a":0.001}', '{"a":1e-3}', 'applied'],
    ['{"a":9007199254740993}', '{"a":9007199254740993}', 'applied'],
    ['{"a":9007199254740993}', '{"a":9007199254740992}', 'not_applied'],
    ['{"a":{"rawJSON":"1.50"}}', '{"a":1.50}', 'not_applied'],
    ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}', 'applied'],
    ['{"__proto__":{"a":1}}', '{}', 'not_applied'],
    ['{"constructor":1}', '{}', 'not_applied'],
    ['{}', '{}', 'applied'],
    ['{}', 'null', 'not_applied'],
    ['null', 'null', 'applied'],
    ['null', '{}', 'not_applied'],
  ])('%s and found as %s is %s', (asked, found, verdict) => {
    for (const kind of ['public_metadata', 'private_metadata', 'unsafe_metadata']) {
      expect(judge(kind, asked, `"${kind}":${found}`)).toBe(verdict);
    }
  });

  test('is null where Clerk leaves it out', () => {
    expect([judge('private_metadata', 'null', ''), judge('private_metadata', '{}', '')]).toEqual([
      ...['applied', 'not_applied'],
    ]);
  });
});

describe('metadata that is merged', () => {
  test.each<[asked: string, found: string, Verdict]>([
    ['{"a":1}', '{"a":1,"b":2}', 'applied'],
    ['{"a":1}', '{"a":2,"b":2}', 'not_applied'],
    ['{"a":1}', '{"b":2}', 'not_applied'],
    ['{"a":null}', '{"b":2}', 'applied'],
    ['{"a":null}', '{"a":null}', 'not_applied'],
    ['{"a":null}', '{"a":1}', 'not_applied'],
    ['{"a":{"b":1}}', '{"a":{"b":1,"c":2}}', 'applied'],
    ['{"a":{"b":null}}', '{"a":{"c":2}}', 'applied'],
    ['{"a":{"b":null}}', '{"a":{"b":1,"c":2}}', 'not_applied'],
    ['{"a":{"b":{"c":null,"d":[{"e":1}]}}}', '{"a":{"b":{"d":[{"e":1}]},"x":1}}', 'applied'],
    ['{"a":{"b":1}}', '{"a":7}', 'not_applied'],
    ['{"a":{"b":null}}', '{"a":7}', 'not_applied'],
    ['{"a":{"b":null}}', '{"a":1.50}', 'not_applied'],
    ['{"a":{"rawJSON":"1.50"}}', '{"a":1.50}', 'not_applied'],
    ['{"a":[1]}', '{"a":[1,2]}', 'not_applied'],
    ['{"a":[{"b":1}]}', '{"a":[{"b":1,"c":2}]}', 'not_applied'],
    ['{"a":[null]}', '{"a":[null],"b":1}', 'applied'],
    ['{"a":1.0}', '{"a":1}', 'applied'],
    ['{"a":9007199254740993}', '{"a":9007199254740992}', 'not_applied'],
    ['{"a":{}}', '{"a":{"b":1}}', 'applied'],
    ['{"a":{}}', '{}', 'not_applied'],
    ['{"toString":null}', '{}', 'applied'],
    ['{"toString":{}}', '{}', 'not_applied'],
    ['{}', '{"a":1}', 'applied'],
    ['null', '{}', 'applied'],
    ['null', '{"a":1}', 'not_applied'],
  ])('%s and found as %s is %s', (asked, found, verdict) => {
    for (const kind of ['public_metadata', 'private_metadata', 'unsafe_metadata']) {
      expect(judge(kind, asked, `"${kind}":${found}`, 'merge')).toBe(verdict);
    }
  });
});

/** Numbers in several spellings, among them two that a double takes for the same. */
const number = fc
  .constantFrom('0', '-0', '1', '1.0', '1e0', '1.50', '9007199254740992', '9007199254740993', '-12.5e-3')
  .map((text) => JSON.rawJSON(text));
const scalar = fc.oneof(number, fc.constantFrom(null, true, 'a', 'ä', ''), fc.string({ maxLength: 3 }));
const key = fc.constantFrom('a', 'b', '__proto__', 'toString');
const value = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('value'), { maxLength: 2 }), tie('object')),
  object: fc
    .uniqueArray(fc.tuple(key, tie('value')), { maxLength: 3, selector: ([name]) => name })
    .map(Object.fromEntries),
})).object;

const text = fc.constantFrom(null, '', 'Ada', 'ada', 'Zoë');
const time = fc.constantFrom(
  null,
  ...['.000Z', '.0009Z', '.001Z', 'Z', '.5+01:00'].map((end) => `2026-01-01T00:00:00${end}`),
);
const id = (kind: string) => fc.constantFrom(null, `idn_AAAAAAAAAAAAAAA0000000${kind}`);

/** Right values of every state. */
const STATES = {
  external_id: text,
  first_name: text,
  last_name: text,
  username: fc.constantFrom(null, '', 'ada_l', 'Ada_l'),
  locale: fc.constantFrom(null, 'de', 'en-GB'),
  primary_email_address_id: fc.oneof(id('emaila'), id('emailb')),
  primary_phone_number_id: id('phone'),
  primary_web3_wallet_id: fc.constant(null),
  delete_self_enabled: fc.boolean(),
  create_organization_enabled: fc.boolean(),
  bypass_client_trust: fc.constantFrom(null, true, false),
  create_organizations_limit: fc.constantFrom(null, 0, 5),
  legal_accepted_at: time,
  created_at: time.filter((one) => one !== null),
};
const METADATA = { public_metadata: value, private_metadata: value, unsafe_metadata: value };
const kinds = Object.keys(METADATA);

const user = fc.record(
  { ...STATES, legal_accepted_at: fc.constantFrom(null, 1_767_225_600_000), ...METADATA },
  { requiredKeys: [] },
);
const request = fc.record({ ...STATES, ...METADATA }, { requiredKeys: [] });
const mode = fc.constantFrom('replace', 'merge');

/** Applies a request as the fake does it: the user's properties in one call, its metadata in another. */
function applyRequest(
  before: ApiUserJson,
  properties: Readonly<Record<string, unknown>>,
  method: 'PUT' | 'PATCH',
): ApiUserJson {
  const users = new Map([[ID, before]]);
  const [none, tell] = [new Set<string>(), () => undefined];
  const instance: FakeInstance = {
    users,
    now: () => SENT_AT.getTime(),
    disabled: none,
    images: none,
    writes: [],
    tell,
  };
  const make = (names: readonly string[]) => ({
    ...{ place: 0, method, path: '', body: '', id: ID },
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => names.includes(name))),
  });
  const current = () => users.get(ID) ?? expect.unreachable();
  expect(patchUser(instance, make(Object.keys(STATES)), current()).status).toBe(200);
  expect(changeMetadata(instance, make(kinds), current()).status).toBe(200);
  return current();
}

/** What Clerk leaves out where it is false. */
const OMITTED = 'bypass_client_trust';

/** As doubles have it: what differs here differs for certain. */
function read(json: ApiUserJson, property: string): unknown {
  const found = JSON.parse(JSON.stringify(json))[property] ?? null;
  return found === '' || (found === false && property === OMITTED) ? null : found;
}

const SEED = Number(process.env.COMPARE_SEED) || Date.now() % 2 ** 31;

test(`every state of a request is applied after the fake has applied it, and not before where it differs (seed ${SEED})`, () => {
  fc.assert(
    fc.property(user, request, mode, (had, wanted, metadataMode) => {
      const stored = getRead(parseJson(JSON.stringify({ ...had, created_at: 1_700_000_000_000 }))).value;
      const before = makeApiUser(0, stored as Record<string, unknown>);
      const sent = getRead(parseJson(JSON.stringify(wanted))).value as AskedChange['request'];
      const after = applyRequest(before, sent, metadataMode === 'merge' ? 'PATCH' : 'PUT');
      const asked: AskedChange = { request: sent, metadataMode, sentAt: SENT_AT };
      const [then, now] = [before, after].map((json) => compareAnswer(asked, readUser(JSON.stringify(json))));
      const names = Object.keys(sent);
      expect(now).toEqual(Object.fromEntries(names.map((name) => [name, 'applied'])));
      const changed = names.filter((name) => !isDeepStrictEqual(read(before, name), read(after, name)));
      expect(changed.filter((name) => then?.[name] !== 'not_applied')).toEqual([]);
      const same = names.filter((name) => JSON.stringify(before[name]) === JSON.stringify(after[name]));
      expect(same.filter((name) => then?.[name] !== 'applied')).toEqual([]);
    }),
    { seed: SEED, numRuns: 300 },
  );
});
