import fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { cutText } from '../../../src/cli/output/cut-text.ts';
import { formatTable } from '../../../src/cli/output/format-table.ts';
import { suggestSimilar } from '../../../src/cli/output/suggest-similar.ts';

interface Row {
  id: string;
  path: string;
  user: string;
  n: number;
}

const COLUMNS = [
  { title: 'id', value: ({ id }: Row) => id },
  { title: 'path', value: ({ path }: Row) => path, narrowest: 10 },
  { title: 'user', value: ({ user }: Row) => user, spare: 1 },
  { title: 'n', value: ({ n }: Row) => n, spare: 2 },
];
const ROWS = [
  { id: 'msg_1', path: 'data.email_addresses[].created_at', user: 'user_1', n: 1 },
  { id: 'msg_22', path: 'data.banned', user: '王伟', n: 20 },
];

test('a table without a width shows everything', () => {
  expect(formatTable(COLUMNS, ROWS)).toBe(`id      path                               user     n
msg_1   data.email_addresses[].created_at  user_1   1
msg_22  data.banned                        王伟    20
`);
});

test.each([
  [
    40,
    `id      path                  user     n
msg_1   data.email…reated_at  user_1   1
msg_22  data.banned           王伟    20
`,
  ],
  [
    26,
    `id      path        user
msg_1   data.…d_at  user_1
msg_22  data.…nned  王伟
`,
  ],
  [
    18,
    `id      path
msg_1   data.…d_at
msg_22  data.…nned
`,
  ],
])('a table fits into %i columns: it cuts what may be cut, then leaves out what is least needed', (width, expected) => {
  const table = formatTable(COLUMNS, ROWS, width);
  expect(Math.max(...table.split('\n').map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
  expect(table).toBe(expected);
});

test('what identifies a row is never cut, however narrow the terminal is', () => {
  expect(formatTable(COLUMNS, ROWS, 5)).toContain('msg_22');
});

test('a text that is cut keeps both ends and is as wide as it may be, in any script', () => {
  expect(cutText('data.external_accounts[].created_at', 20)).toBe('data.exter…reated_at');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, width) => {
      const cut = cutText(text, width);
      expect(stringWidth(cut)).toBeLessThanOrEqual(Math.max(width, 1));
      if (stringWidth(text) <= width) expect(cut).toBe(text);
    }),
  );
});

test.each([
  ['user.udpated', ' Did you mean user.updated?'],
  ['USER.CREATED', ' Did you mean user.created?'],
  ['session.created', ''],
  ['', ''],
])('for %j it suggests%s', (text, suggestion) => {
  expect(suggestSimilar(text, ['user.created', 'user.updated', 'user.deleted'])).toBe(suggestion);
});
