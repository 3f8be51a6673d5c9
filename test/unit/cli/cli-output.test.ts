import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTable } from '../../../src/cli/output/format-table.ts';
import { localizeCommands } from '../../../src/cli/output/localize-commands.ts';
import { startProgressBar } from '../../../src/cli/output/progress-bar.ts';
import { wrapText } from '../../../src/cli/output/wrap-text.ts';
import { escapeLines, escapeText } from '../../../src/text/escape-text.ts';
import { formatTime } from '../../../src/text/format-values.ts';

describe('text for a terminal', () => {
  test.each([
    ['a colour', '\u001b[31mred\u001b[0m', '\\u{1b}[31mred\\u{1b}[0m'],
    ['a title, as an 8-bit control', '\u009d0;owned\u0007', '\\u{9d}0;owned\\u{7}'],
    ['a line feed that would forge a line', 'user_1\nuser_2', 'user_1\\u{a}user_2'],
    ['a carriage return and a backspace', 'a\r\bb', 'a\\u{d}\\u{8}b'],
    ['a turn of the direction', 'user_\u202egnp.exe', 'user_\\u{202e}gnp.exe'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
    ['half of a surrogate pair', 'a\ud800b', 'a\ufffdb'],
  ])('shows %s and does not obey it', (_name, text, shown) => {
    expect(escapeText(text)).toBe(shown);
  });

  test('stays as it is if it is text, in any script', () => {
    for (const text of ['Zoë', '王伟', 'محمد', 'नेहा', '👩‍👩‍👧', "it's {fine} \\u{1b}"])
      expect(escapeText(text)).toBe(text);
  });

  test('never contains a control character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeText(text)).not.toMatch(/\p{Cc}/u);
        expect(escapeLines(text).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  test('keeps its lines if it has several', () => {
    expect(escapeLines('{\n  "a": "\u001b"\n}')).toBe('{\n  "a": "\\u{1b}"\n}');
  });
});

test('a table is as wide as its widest cells, with numbers on the right and dashes for empty cells', () => {
  const rows = [
    { id: 'msg_1', user: 'user_long', attempts: 1 },
    { id: 'msg_\u0007', user: null, attempts: 1234 },
  ];
  const columns = [
    { title: 'message', value: (row: (typeof rows)[number]) => row.id },
    { title: 'n', value: (row: (typeof rows)[number]) => row.attempts },
    { title: 'user', value: (row: (typeof rows)[number]) => row.user },
  ];
  expect(formatTable(columns, rows)).toBe(`message       n  user
msg_1         1  user_long
msg_\\u{7}  1234  -
`);
});

test('writes a time to the second', () => {
  expect(formatTime(new Date('2026-01-31T10:00:00.999Z'))).toBe('2026-01-31 10:00:00Z');
});

describe('a text in several lines', () => {
  test('keeps a command in one line, because half a command cannot be copied', () => {
    const text = 'Then replay it: `npm run -s clerk-sync -- dead-letters replay msg_1`. If it fails, look again.';
    expect(wrapText(text, 40)).toEqual([
      'Then replay it:',
      '`npm run -s clerk-sync -- dead-letters replay msg_1`.',
      'If it fails, look again.',
    ]);
  });

  test('has no line that is wider than the terminal, unless it is one word or one command', () => {
    const word = fc.oneof(fc.stringMatching(/^[a-z]{1,12}$/), fc.constant('`clerk-sync users find x`'));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 1, max: 60 }), (words, width) => {
        const lines = wrapText(words.join(' '), width);
        expect(lines.join(' ')).toBe(words.join(' '));
        expect(lines.filter((line) => line.length > width).every((line) => words.includes(line))).toBe(true);
      }),
    );
  });
});

test('commands are printed as they can be typed here, and nothing else is changed', () => {
  const text =
    'clerk-sync 1.0 says: run `clerk-sync doctor` in clerk-sync users.\nWhy:  clerk-sync dead-letters show x\n';
  const local = localizeCommands(text, 'npm run -s clerk-sync --');
  expect([local, localizeCommands(local, 'npm run -s clerk-sync --')]).toEqual(
    new Array(2).fill(
      'clerk-sync 1.0 says: run `npm run -s clerk-sync -- doctor` in clerk-sync users.\nWhy:  npm run -s clerk-sync -- dead-letters show x\n',
    ),
  );
});

describe('a progress bar', () => {
  function drawBar(total: number): string {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
    const bar = startProgressBar(stream, total, 'deliveries');
    for (let step = 0; step < total; step += 1) bar.advance();
    bar.stop();
    return String(stream.read() ?? '');
  }

  test('is drawn on a terminal, and removed at the end', () => {
    const drawn = drawBar(100);
    expect(drawn).toContain('0 of 100 deliveries');
    expect(drawn).toContain('\u001b[?25h');
  });

  test('is left out if there is little to do, or no terminal', () => {
    expect(drawBar(5)).toBe('');
    expect(() => startProgressBar(undefined, 100, 'deliveries').stop()).not.toThrow();
  });
});
