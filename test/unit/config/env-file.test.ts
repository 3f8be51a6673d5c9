import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readEnvFile } from '../../../src/config/env-file.ts';

const MARK = '\ufeff';
const SECRET = 'S3cretPw';

const read = (text: string) => readEnvFile(Buffer.from(text));

describe('a file that is read as it is written', () => {
  test.each<[string, string, Record<string, string>]>([
    ['is empty', '', {}],
    ['has comments and empty lines', '# one\n\n  # two\nA=1\n', { A: '1' }],
    ['has a comment behind a value', 'A=1 # one\nB= # nothing\n', { A: '1', B: '' }],
    ['comes from Windows', 'A=1\r\nB="2"\r\n', { A: '1', B: '2' }],
    ['begins with a byte order mark', `${MARK}A=1\nB=2\n`, { A: '1', B: '2' }],
    ['begins with a byte order mark and a comment', `${MARK}# one\nA=1`, { A: '1' }],
    ['has spaces around names and values', '  A = 1  \n\tB=\t2\n', { A: '1', B: '2' }],
    ['is written for a shell', 'export A=1\nexport B="2"\n', { A: '1', B: '2' }],
    ['has = in a value', 'A=postgres://h/db?x=1&y=2', { A: 'postgres://h/db?x=1&y=2' }],
    ['has a # in quotes', 'A="x#y"\nB=\'x#y\' # one\nC=`#`', { A: 'x#y', B: 'x#y', C: '#' }],
    ['has a quote in the middle of a value', 'A=it\'s\nB=x"y\nC=x"', { A: "it's", B: 'x"y', C: 'x"' }],
    ['has quotes in other quotes', 'A=\'say "x"\'\nB="it\'s"', { A: 'say "x"', B: "it's" }],
    [
      'has a value of several lines',
      'A="-----BEGIN\nab+/cd==\n-----END"\nB=1',
      { A: '-----BEGIN\nab+/cd==\n-----END', B: '1' },
    ],
    ['has a line feed written as \\n', 'A="x\\ny"\nB=\'x\\ny\'', { A: 'x\ny', B: 'x\\ny' }],
    ['says the same twice', 'A=1\nA="1"\n', { A: '1' }],
    ['has letters of any language', 'A=Ærøskøbing 東京\n', { A: 'Ærøskøbing 東京' }],
    ['has an empty value', 'A=\nB=""\n', { A: '', B: '' }],
    ['has other names', 'next.public-Key=1', { 'next.public-Key': '1' }],
  ])('%s', (_, text, values) => {
    expect(read(text)).toEqual({ values, problems: [] });
  });
});

describe('a file that would not be read as it is written', () => {
  const encoding = ['It is not text in UTF-8. Save it again with the encoding UTF-8.'];
  const neither = (line: number) => [`Line ${line} is neither NAME=value nor a comment. Correct it, or remove it.`];
  const hash = (line: number) => [
    `Line ${line} has a # in its value, and what follows it would be left out. Put the value in quotes; in a URL, write %23.`,
  ];
  const open = (line: number) => [
    `Line ${line} opens a quote that is never closed. Close it, or put the value in other quotes.`,
  ];
  const quotes = (line: number) => [
    `Line ${line} has quotes that do not end where its value ends. Close them, or put the value in other quotes.`,
  ];
  const characters = (line: number) => [`Line ${line} has characters that can't be seen. Type it again.`];
  const twice = (first: number, second: number) => [
    `Lines ${first} and ${second} set one variable to two values. Remove one of them.`,
  ];

  test.each<[string, string | Buffer, string[]]>([
    ['is UTF-16 with its mark', Buffer.from(`${MARK}A=${SECRET}\n`, 'utf16le'), encoding],
    ['is UTF-16 without', Buffer.from(`A=${SECRET}\n`, 'utf16le'), encoding],
    ['is UTF-16 of the other order', Buffer.from(`${MARK}A=${SECRET}\n`, 'utf16le').swap16(), encoding],
    ['is Latin-1', Buffer.from(`A=${SECRET}é\n`, 'latin1'), encoding],
    ['has a NUL', `A=${SECRET}\0\n`, encoding],
    ['has a line without =', `A=1\n${SECRET}\n`, neither(2)],
    ['has a password and an address alone', `\npostgres://u:${SECRET}@h/db?a=b\n`, neither(2)],
    ['is YAML', `A: ${SECRET}\n`, neither(1)],
    ['is JSON', `{"A": "${SECRET}"}`, neither(1)],
    ['is written for cmd', `set A=${SECRET}\n`, neither(1)],
    ['has = without a name', `=${SECRET}\n`, neither(1)],
    ['has a mark in the middle', `A=1\n${MARK}B=${SECRET}\n`, neither(2)],
    ['has a space that does not break before a name', `\u00a0A=${SECRET}\n`, neither(1)],
    ['has a space without width in a name', `A\u200b=${SECRET}\n`, neither(1)],
    ['has a # in a password', `A=postgres://u:${SECRET}#12@h:5432/db\n`, hash(1)],
    ['has a # first', `A=1\nB=#${SECRET}\n`, hash(2)],
    ['has a # and a comment', `A=${SECRET}#x # one\n`, hash(1)],
    ['has a quote that never closes', `A="${SECRET}\nB=1\n`, open(1)],
    ['has an apostrophe first', `A='${SECRET}\nB=1\n`, open(1)],
    ['has a quote that closes in the next value', `A="${SECRET}\nB="1"\n`, quotes(1)],
    ['has a quote that takes in another variable', `A="${SECRET}\nDATABASE_URL=x"\n`, quotes(1)],
    ['has something behind the quotes', `A="${SECRET}"x\n`, quotes(1)],
    ['has an apostrophe between apostrophes', `A='it's${SECRET}'\n`, quotes(1)],
    ['has a name twice with two values', `A=${SECRET}\nB=1\nexport A=2\n`, twice(1, 3)],
    ['has the line ends of an old Mac', `A=${SECRET}\rB=2\r`, characters(1)],
    ['has a space that does not break behind a value', `A=${SECRET}\u00a0\n`, characters(1)],
    ['has a space without width in a value', `A=${SECRET}\u200b\n`, characters(1)],
    ['has several problems', `A\nB=#${SECRET}\nB=2\nC="\n`, [...neither(1), ...hash(2), ...open(4)]],
  ])('%s', (_, text, problems) => {
    const { problems: told } = readEnvFile(Buffer.from(text as string));
    expect(told).toEqual(problems);
    expect(told.join()).not.toContain(SECRET);
  });
});

test('any text is either read just as Node reads it, or has a problem', () => {
  const piece = fc.constantFrom(
    ...'AB=#"\'`\\n \t\r\n',
    'A=',
    '\nB=',
    '\n',
    'export ',
    'x',
    '\u00a0',
    MARK,
    'DATABASE_URL=',
  );
  const text = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''));
  let clean = 0;
  fc.assert(
    fc.property(text, (written) => {
      const { values, problems } = read(written);
      // Asked for a whole file, Node takes the line after a value of spaces for that value.
      if (problems.length > 0 || /[=][ \t]+$/m.test(written)) return;
      clean += 1;
      // It takes an indented comment that has an equals sign for a variable.
      const expected = Object.entries(parseEnv(written.replace(/^\ufeff/, ''))).filter(
        ([name]) => !name.startsWith('#'),
      );
      expect(values).toEqual(Object.fromEntries(expected));
    }),
    { numRuns: 8000 },
  );
  expect(clean).toBeGreaterThan(500);
});

test('a password in a connection string is read whole, or its line is named', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }), (password) => {
      const url = `postgres://u:${password}@h:5432/db`;
      const { values, problems } = read(`A=1\nDATABASE_URL=${url}\nB=2\n`);
      if (problems.length === 0) expect(values.A).toBe('1');
      // White space ends a password of a URL, and a comment may follow it.
      if (problems.length === 0 && !/\s/.test(password)) expect(values).toEqual({ A: '1', DATABASE_URL: url, B: '2' });
    }),
    { numRuns: 2000 },
  );
});
