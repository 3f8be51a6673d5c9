import { describe, expect, test } from 'vitest';
import { formatDiagnosis } from '../../../src/cli/doctor/format-diagnosis.ts';
import { wrapText } from '../../../src/cli/output/wrap-text.ts';
import type { CheckResult } from '../../../src/doctor/check.ts';
import type { CheckGroup, Diagnosis } from '../../../src/doctor/run-doctor.ts';

function makeDiagnosis(groups: Partial<Record<CheckGroup['title'], readonly CheckResult[]>>): Diagnosis {
  return {
    status: 'failed',
    counts: { ok: 1, warning: 1, failed: 1, skipped: 3 },
    groups: Object.entries(groups).map(([title, checks]) => ({ title: title as CheckGroup['title'], checks })),
  };
}

test('prints each group with its findings, and what to do behind an arrow', () => {
  const skipped = { status: 'skipped', finding: 'There is no connection.' } as const;
  const diagnosis = makeDiagnosis({
    configuration: [
      { name: 'variables', status: 'ok', finding: 'All is well.' },
      {
        name: 'CLERK_WEBHOOK_SIGNING_SECRET',
        status: 'failed',
        finding: 'It is far too long to stand on a single line of a page that has room for a hundred characters.',
        advice: 'Shorten it: a word that is longer than the page is not broken, and everything else is.',
      },
    ],
    data: [
      { name: 'version', ...skipped },
      { name: 'properties', status: 'warning', finding: 'No column holds:\na\nb', advice: 'Add them.' },
      { name: 'rights', ...skipped },
      { name: 'users', status: 'skipped', finding: 'There is no key.' },
    ],
  });
  expect(formatDiagnosis(diagnosis)).toBe(`Configuration
  ✓ ok       variables                     All is well.
  ✗ failed   CLERK_WEBHOOK_SIGNING_SECRET  It is far too long to stand on a single line of a page
                                           that has room for a hundred characters.
                                           → Shorten it: a word that is longer than the page is not
                                             broken, and everything else is.

Data
  - skipped  2 checks          There is no connection. (version, rights)
  ! warning  properties        No column holds:
                               a
                               b
                               → Add them.
  - skipped  users             There is no key.

1 ok, 1 warning, 1 failed, 3 skipped.
`);
});

test('fits a narrow terminal', () => {
  const checks: CheckResult[] = [
    { name: 'variables', status: 'ok', finding: 'All is well.' },
    {
      name: 'rights',
      status: 'failed',
      finding: 'The role may not write to two of the tables that belong to clerk-sync.',
      advice: 'Grant it the rights that docs/operations.md lists, then run this again.',
    },
  ];
  const page = (width: number) => formatDiagnosis(makeDiagnosis({ database: checks }), width);
  expect(page(75)).toBe(`Database
  ✓ ok       variables         All is well.
  ✗ failed   rights            The role may not write to two of the tables
                               that belong to clerk-sync.
                               → Grant it the rights that
                                 docs/operations.md lists, then run this
                                 again.

1 ok, 1 warning, 1 failed, 3 skipped.
`);
  expect(page(40)).toBe(`Database
  ✓ ok       variables
    All is well.
  ✗ failed   rights
    The role may not write to two of the
    tables that belong to clerk-sync.
    → Grant it the rights that
      docs/operations.md lists, then run
      this again.

1 ok, 1 warning, 1 failed, 3 skipped.
`);
  expect(page(400)).toBe(page(100));
});

test('shows what a terminal would obey', () => {
  const page = formatDiagnosis(makeDiagnosis({ data: [{ name: 'a', status: 'ok', finding: 'red \u001b[31m' }] }));
  expect(page).toContain('red \\u{1b}[31m\n');
});

describe('wrapping', () => {
  test.each([
    ['one two three', 7, ['one two', 'three']],
    ['one two three', 100, ['one two three']],
    ['longerThanThat and', 5, ['longerThanThat', 'and']],
    ['', 5, ['']],
  ])('%j at %d', (text, width, lines) => {
    expect(wrapText(text, width)).toEqual(lines);
  });
});
