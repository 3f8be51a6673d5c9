import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../src/clerk/json/parse-json.ts';
import { getRead } from '../../support/get-read.ts';

/** What would be bound to a statement, and the count. */
function rewrite(text: string) {
  const { value, replaced } = getRead(parseJson(text));
  return { text: JSON.stringify(value), replaced };
}

describe('numbers', () => {
  it.each([
    '9007199254740993',
    '-9007199254740993',
    '0.1234567890123456789',
    '1.10',
    '1e2',
    '1E+2',
    '-1.50e-7',
    '12345678901234567890123456789012345678901234567890',
    '[1.0]',
    '{"a":2.50,"b":[9007199254740993]}',
    '1e131071',
    '1e-16383',
  ])('keep each digit of %s', (text) => {
    expect(rewrite(`{"n":${text}}`)).toEqual({ text: `{"n":${text}}`, replaced: 0 });
  });

  it('that a double holds stay numbers', () => {
    expect(parseJson('[0, -1, 1784000000000, 1.5, 900719925474099]')).toEqual({
      value: [0, -1, 1_784_000_000_000, 1.5, 900_719_925_474_099],
      replaced: 0,
    });
  });

  it.each(['1e131072', '-1e131072', '12e131071', '1e-16384', '-1e-16384', '1.5e-16383', `1${'0'.repeat(131_072)}`])(
    'that numeric can’t hold become their text: %.20s',
    (text) => {
      expect(rewrite(`{"n":${text}}`)).toEqual({ text: `{"n":"${text}"}`, replaced: 1 });
    },
  );

  it('in a string are left alone', () => {
    expect(rewrite('{"a":"x:9007199254740993, 1.50"}')).toEqual({
      text: '{"a":"x:9007199254740993, 1.50"}',
      replaced: 0,
    });
  });
});

describe('texts', () => {
  it.each([
    ['an escaped NUL', '"a\\u0000b"', '"a\ufffdb"'],
    ['several NULs in one text', '"\\u0000\\u0000"', '"\ufffd\ufffd"'],
    ['a lone first half', '"\\ud83d"', '"\ufffd"'],
    ['a lone second half', '"\\uDC9C!"', '"\ufffd!"'],
    ['half a pair that was never UTF-8', '"\ud83d"', '"\ufffd"'],
    ['a key', '{"\\u0000":1}', '{"\ufffd":1}'],
    ['a text deep inside', '[{"a":[["\\udfff"]]}]', '[{"a":[["\ufffd"]]}]'],
  ])('that Postgres can’t hold are replaced and counted: %s', (_what, text, stored) => {
    expect(rewrite(text)).toEqual({ text: stored, replaced: 1 });
  });

  it.each(['"\\ud83d\\udc9c"', '"💜"', '"\\\\u0000"', '"\\u0001\\u001f"', '"\ufffd\ufeff\ufffe"'])(
    'that Postgres can hold stay as they are: %s',
    (text) => {
      expect(rewrite(text)).toEqual({ text: JSON.stringify(JSON.parse(text)), replaced: 0 });
    },
  );

  it('are replaced without harm to the numbers and keys beside them', () => {
    const text = '{"__proto__":{"a":"\\u0000"},"constructor":9007199254740993,"rawJSON":"1","n":[1.50]}';
    expect(rewrite(text)).toEqual({ text: text.replace('\\u0000', '\ufffd'), replaced: 1 });
  });
});

describe('keys of JavaScript’s own', () => {
  it('stay keys, and change no prototype', () => {
    const { value } = getRead(
      parseJson('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
    );
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
    expect([Object.getPrototypeOf(value), ({} as { polluted?: boolean }).polluted]).toEqual([
      Object.prototype,
      undefined,
    ]);
  });
});

describe('depths', () => {
  const nest = (levels: number, core: string, open = '[', close = ']') =>
    open.repeat(levels) + core + close.repeat(levels);

  it('of 1,000 levels are kept', () => {
    expect(rewrite(nest(1000, '1'))).toEqual({ text: nest(1000, '1'), replaced: 0 });
  });

  it.each([
    [1001, '1', '"[1]"'],
    [1002, '', '"[[]]"'],
    [1001, '"a]\\"["', JSON.stringify('["a]\\"["]')],
    [1001, '[1],{"b":"}"}', JSON.stringify('[[1],{"b":"}"}]')],
  ])('of %d levels and more end in a text', (levels, core, text) => {
    expect(rewrite(nest(levels, core))).toEqual({ text: nest(1000, text), replaced: 1 });
  });

  it('below objects end in a text too, each part for itself', () => {
    const [left, right] = [nest(1000, '{"x":1.50}'), nest(1200, '"y"')];
    expect(rewrite(`{"left":${left},"right":${right}}`)).toEqual({
      // The outer object is the first level.
      text: `{"left":${nest(999, JSON.stringify('[{"x":1.50}]'))},"right":${nest(999, JSON.stringify(nest(201, '"y"')))}}`,
      replaced: 2,
    });
  });

  it('of half a million levels are as good as any', () => {
    const text = JSON.stringify(nest(499_000, ''));
    expect(rewrite(nest(500_000, ''))).toEqual({ text: nest(1000, text), replaced: 1 });
  });

  it.each([
    '['.repeat(5000),
    `${nest(3000, '1')}]`,
    nest(3000, '1').replace(']', '}'),
    `"${'['.repeat(5000)}`,
    nest(3000, '1 2'),
  ])('of a text that is not JSON are no excuse: %.5s', (text) => {
    expect(parseJson(text)).toMatchObject({ unreadable: { reason: 'invalid_json' } });
  });

  it('are not counted in strings', () => {
    const text = JSON.stringify('['.repeat(5000));
    expect(rewrite(text)).toEqual({ text, replaced: 0 });
  });
});

describe('a byte order mark', () => {
  it('is skipped at the beginning, and only there', () => {
    expect(parseJson('\ufeff{"a":"\ufeff"}')).toEqual({ value: { a: '\ufeff' }, replaced: 0 });
    expect(parseJson('\ufeff\ufeff{}')).toMatchObject({ unreadable: { reason: 'invalid_json' } });
  });
});

describe('a text that is not JSON', () => {
  it.each([
    '',
    ' ',
    'ada@example.com',
    '{"email": "ada@example.com"',
    '{"email": ada@example.com}',
    '[1,]',
    "{'a': 1}",
    'NaN',
  ])('is refused without a word of it: %s', (text) => {
    const error = expect.stringMatching(/^The body is not JSON( from character \d+ on)?\.$/);
    expect(parseJson(text)).toEqual({ kind: 'unreadable', unreadable: { reason: 'invalid_json', error, issues: [] } });
  });
});
