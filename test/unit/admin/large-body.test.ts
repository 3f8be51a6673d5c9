import { expect, test } from 'vitest';
import { bodyTree } from '../../../src/admin/layout/body-tree.ts';
import { html } from '../../../src/admin/layout/html.ts';
import { escapeInJson } from '../../../src/text/escape-text.ts';
import { indentJson } from '../../../src/text/json-text.ts';

/** Nearly a megabyte, as much as a delivery may have. */
const BODY = JSON.stringify({ data: { list: Array.from({ length: 450_000 }, () => 1) } });

/** The shortest of three times, in milliseconds. */
function measure(work: () => unknown): number {
  return Math.min(
    ...[1, 2, 3].map(() => {
      const startedAt = performance.now();
      work();
      return performance.now() - startedAt;
    }),
  );
}

test('a body with half a million values is shown nearly as fast as it is parsed, so that no delivery waits for it', () => {
  const plain = measure(() => JSON.stringify(JSON.parse(BODY), null, 2));
  const shown = {
    tree: measure(() => String(bodyTree(BODY, { isMasked: true }))) / plain,
    indented: measure(() => indentJson(BODY)) / plain,
    escaped: measure(() => String(html`${escapeInJson(indentJson(BODY))}`)) / plain,
  };
  for (const [part, ratio] of Object.entries(shown))
    expect({ part, slow: ratio > 8 ? ratio : false }).toEqual({ part, slow: false });
});

test('numbers keep every digit when they are indented', () => {
  const text = '[1, -0, 1.0, 1e3, 12345678901234567890, 0.1]';
  expect(indentJson(text)).toBe('[\n  1,\n  -0,\n  1.0,\n  1e3,\n  12345678901234567890,\n  0.1\n]');
});
