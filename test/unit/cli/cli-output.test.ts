import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeLines, escapeText } from '../../../src/cli/output/escape-text.ts';
import { formatTable } from '../../../src/cli/output/format-table.ts';
import { formatTime } from '../../../src/cli/output/format-values.ts';
import { startProgressBar } from '../../../src/cli/output/progress-bar.ts';

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

  test('is left alone where it is text, in any script', () => {
    for (const text of ['Zoë', '王伟', 'محمد', 'नेहा', '👩‍👩‍👧', "it's {fine} \\u{1b}"])
      expect(escapeText(text)).toBe(text);
  });

  test('never has a control character, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeText(text)).not.toMatch(/\p{Cc}/u);
        expect(escapeLines(text).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  test('keeps its lines where it has several', () => {
    expect(escapeLines('{\n  "a": "\u001b"\n}')).toBe('{\n  "a": "\\u{1b}"\n}');
  });
});

test('a table is as wide as its widest cells, with numbers at the right and dashes for nothing', () => {
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

describe('a progress bar', () => {
  function drawBar(total: number): string {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
    const bar = startProgressBar(stream, total, 'deliveries');
    for (let step = 0; step < total; step += 1) bar.advance();
    bar.stop();
    return String(stream.read() ?? '');
  }

  test('is drawn on a terminal, and taken away when it is done', () => {
    const drawn = drawBar(100);
    expect(drawn).toContain('0 of 100 deliveries');
    expect(drawn).toContain('\u001b[?25h');
  });

  test('is left out where there is little to wait for, or no terminal', () => {
    expect(drawBar(5)).toBe('');
    expect(() => startProgressBar(undefined, 100, 'deliveries').stop()).not.toThrow();
  });
});
