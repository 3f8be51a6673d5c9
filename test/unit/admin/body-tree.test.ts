import { expect, test } from 'vitest';
import { bodyTree } from '../../../src/admin/layout/body-tree.ts';

const read = (body: string, isMasked: boolean) =>
  String(bodyTree(body, { isMasked }))
    .split(/<[^>]*>/)
    .map((text) => text.trim())
    .filter((text) => text !== '');

const BODY = '{"name":"Ada","age":12345678901234567890,"banned":false,"none":null,"list":[1,{}],"__proto__":"x"}';

test('shows keys and values, with every digit', () => {
  expect(read(BODY, false)).toEqual([
    ...['body', '6 properties', 'name', 'Ada', 'age', '12345678901234567890', 'banned', 'false', 'none', 'null'],
    ...['list', '2 items', '0', '1', '1', '0 properties', '__proto__', 'x'],
  ]);
});

test('a masked tree shows what kinds of values there are, and none of them', () => {
  expect(read(BODY, true)).toEqual([
    ...[
      'body',
      '6 properties',
      'name',
      'text, 3 characters',
      'age',
      'number',
      'banned',
      'true or false',
      'none',
      'null',
    ],
    ...['list', '2 items', '0', 'number', '1', '0 properties', '__proto__', 'text, 1 character'],
  ]);
});

test('what is not JSON is shown as it is, or only its length', () => {
  expect([read('{"name":', false), read('{"name":', true)]).toEqual([
    ['{&quot;name&quot;:'],
    ['Not JSON, 8 characters'],
  ]);
});

test('a body of very many parts is cut, and a deep one is not', () => {
  const many = read(JSON.stringify(Array.from({ length: 20_000 }, (_, place) => place)), false);
  expect([many.length < 11_000, many.at(-1)]).toEqual([true, 'More is not shown here.']);
  expect(read(`${'['.repeat(900)}"deep"${']'.repeat(900)}`, false).at(-1)).toBe('deep');
});
