import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareBodies } from '../../../src/dead-letters/compare-bodies.ts';

test.each([
  ['{"a":1,"b":2}', '{ "b": 2, "a": 1 }', []],
  ['{"a":{"b":[{"id":1}]}}', '{"a":{"b":[{"id":2},{}]}}', ['a.b[0].id changed', 'a.b[1] added']],
  ['{"a":null}', '{}', ['a removed']],
  ['{"a":[]}', '{"a":{}}', ['a changed']],
  ['{"a":9007199254740993}', '{"a":9007199254740992}', ['a changed']],
  ['[1]', '2', [' changed']],
  ['no JSON', '{}', [' changed']],
  ['\ufeff{"a":1}', '{"a":1}', []],
])('from %s to %s the places are %j', (before, after, expected) => {
  expect(compareBodies(before, after).map(({ path, change }) => `${path} ${change}`)).toEqual(expected);
});

test('no value is ever told, and equal bodies have no changes, however they are written', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.jsonValue()), fc.uuid(), (data, secret) => {
      const before = JSON.stringify({ ...data, d: 'short' });
      expect(compareBodies(before, JSON.stringify(JSON.parse(before), null, 2))).toEqual([]);
      const changes = compareBodies(before, JSON.stringify({ ...data, d: secret }));
      expect(changes).toEqual([{ path: 'd', change: 'changed' }]);
    }),
  );
});
