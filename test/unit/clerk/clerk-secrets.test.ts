import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { redactSecrets } from '../../../src/clerk/json/redact-secrets.ts';
import { dropSecrets } from '../../../src/clerk/user/parse-user.ts';

describe('dropping secrets', () => {
  test('takes each of them out at any depth, and nothing else', () => {
    const user = {
      backup_codes: ['a'],
      password_digest: 'b',
      phone_numbers: [{ id: 'idn_1', backup_codes: null }, 1, null, { deep: [[{ totp_secret: 'c', kept: true }]] }],
      brand_new: { password_hasher: 'bcrypt', rate: JSON.rawJSON('1.50') },
    };
    expect(JSON.stringify(dropSecrets(user))).toBe(
      '{"phone_numbers":[{"id":"idn_1"},1,null,{"deep":[[{"kept":true}]]}],"brand_new":{"rate":1.50}}',
    );
  });

  test.each(['public_metadata', 'private_metadata', 'unsafe_metadata'])('leaves %s alone', (key) => {
    const metadata = { backup_codes: ['mine'], deep: [{ totp_secret: 1 }] };
    expect(dropSecrets({ [key]: metadata, totp_secret: 2 })).toEqual({ [key]: metadata });
  });

  test('returns what has none as it is, and does not change what has some', () => {
    const without = { phone_numbers: [{ id: 'idn_1' }], n: null };
    expect(dropSecrets(without)).toBe(without);
    const having = { backup_codes: ['a'] };
    dropSecrets(having);
    expect(having).toEqual({ backup_codes: ['a'] });
  });

  test('leaves keys of JavaScript’s own as they are', () => {
    const user = JSON.parse('{"totp_secret":1,"__proto__":{"a":1},"constructor":{"backup_codes":2}}');
    expect(JSON.stringify(dropSecrets(user))).toBe('{"__proto__":{"a":1},"constructor":{}}');
  });
});

describe('redacting a body', () => {
  test.each([
    '{"data":{"id":"user_1","n":1.50}}',
    '  {"data" : 9007199254740993}\n',
    'not JSON at all',
    '',
    '{"backup_code_enabled":true}',
  ])('leaves one without secrets to the letter: %j', (body) => {
    expect(redactSecrets(body)).toBe(body);
  });

  test('keeps every digit and all else of one that is JSON', () => {
    const body = '{"data":{"phone_numbers":[{"backup_codes":["a"],"n":0.10}],"list":[1.50,9007199254740993]}}';
    expect(redactSecrets(body)).toBe('{"data":{"phone_numbers":[{"n":0.10}],"list":[1.50,9007199254740993]}}');
  });

  test.each([
    ['{"backup_codes":["a","b"],"x":1', '{"backup_codes":null,"x":1'],
    ['{"backup_codes" :\n [ "a" , "b" ] ,,', '{"backup_codes" :\n null ,,'],
    ['{"backup_codes":["a]","b\\"]"],"x":1', '{"backup_codes":null,"x":1'],
    ['{"backup_codes":["a', '{"backup_codes":null'],
    ['{"backup_codes":["a\\', '{"backup_codes":null'],
    ['{"backup_codes":["a",', '{"backup_codes":null'],
    ['{"backup_codes":[', '{"backup_codes":null'],
    ['{"backup_codes":"a","x":1', '{"backup_codes":null,"x":1'],
    ['{"backup_codes":"a\\\n', '{"backup_codes":null'],
    ['{"password_digest":"$2b$10$a","totp_secret":"b"', '{"password_digest":null,"totp_secret":null'],
    ['{"backup_codes":["a"]}{"backup_codes":["b"]}', '{"backup_codes":null}{"backup_codes":null}'],
    ['{"backup_codes":null,', '{"backup_codes":null,'],
  ])('takes them out of one that is not JSON: %j', (body, redacted) => {
    expect(redactSecrets(body)).toBe(redacted);
  });

  test('takes them out of JSON inside a string', () => {
    const inner = '{"data":{"phone_numbers":[{"backup_codes":["a"],"id":"idn_1"}]}}';
    expect(redactSecrets(JSON.stringify(inner))).toBe(JSON.stringify('{"data":{"phone_numbers":[{"id":"idn_1"}]}}'));
  });

  test.each([
    ['a\0b', 'a\ufffdb'],
    ['{"backup_codes":["a\0"],\0', '{"backup_codes":null,\ufffd'],
  ])('replaces U+0000, which no text column holds: %j', (body, redacted) => {
    expect(redactSecrets(body)).toBe(redacted);
  });

  // A search that went back and forth would take minutes: the time limit of the test is what fails then.
  test('reads a megabyte of codes once, whatever they end in', () => {
    const codes = Array.from({ length: 100_000 }, (_, place) => `"c${place}\\""`).join(',');
    for (const end of ['', '"', '"\\', ']', '],']) {
      expect(redactSecrets(`{"backup_codes":[${codes}${end}`)).toMatch(/^\{"backup_codes":null,?$/);
    }
  });

  test('happens in one place of the program: where a text becomes the body of a dead letter', () => {
    const root = join(import.meta.dirname, '../../..');
    const callers = globSync('src/**/*.ts', { cwd: root }).filter((path) =>
      /(?<!function )\bredactSecrets\((?!value\))/.test(readFileSync(join(root, path), 'utf8')),
    );
    expect(callers).toEqual(['src/sync/statements/keep-letters.ts']);
  });
});
