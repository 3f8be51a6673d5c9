import type { CheckResult } from '../../doctor/check.ts';
import type { CheckStatus } from '../../doctor/finding.ts';
import type { CheckGroup, Diagnosis } from '../../doctor/run-doctor.ts';
import { escapeText } from '../../text/escape-text.ts';
import { formatQuantity } from '../../text/format-quantity.ts';
import { wrapText } from '../output/wrap-text.ts';

/** Without a terminal, and on a wider one: longer lines are hard to read. */
const WIDTH = 100;
/** If there is less room beside the name, the text goes below it. */
const MIN_TEXT_WIDTH = 40;
const MARKS: Readonly<Record<CheckStatus, string>> = {
  ok: '✓ ok',
  warning: '! warning',
  failed: '✗ failed',
  skipped: '- skipped',
};
const MARK_WIDTH = Math.max(...Object.values(MARKS).map((mark) => mark.length));
/** A longer name, such as a variable's, widens its own group only. */
const USUAL_NAME_WIDTH = 16;
const ARROW = '→ ';
const NARROW_INDENT = 4;

/** Renders the page: a heading for each group, then each check with its finding and, behind an arrow, what to do. */
export function formatDiagnosis({ groups, counts }: Diagnosis, terminalWidth = WIDTH): string {
  const width = Math.min(terminalWidth, WIDTH);
  const shown = groups.map(({ title, checks }) => ({ title, checks: joinSkipped(checks) }));
  return [...shown.map((group) => formatGroup(group, width)), formatCounts(counts)].join('\n');
}

/** Checks that were skipped for the same reason share one line. */
function joinSkipped(checks: readonly CheckResult[]): CheckResult[] {
  const joined: CheckResult[] = [];
  for (const [finding, alike] of Map.groupBy(checks, groupKey)) {
    const [first] = alike;
    if (first === undefined) continue;
    if (alike.length === 1) joined.push(first);
    else joined.push({ ...first, name: `${alike.length} checks`, finding: `${finding} (${listNames(alike)})` });
  }
  return joined;
}

function groupKey({ name, status, finding }: CheckResult): string {
  return status === 'skipped' ? finding : `${name} ${finding}`;
}

function listNames(checks: readonly CheckResult[]): string {
  return checks.map(({ name }) => name).join(', ');
}

function formatGroup({ title, checks }: CheckGroup, width: number): string {
  const nameWidth = Math.max(USUAL_NAME_WIDTH, ...checks.map(({ name }) => name.length));
  const heading = `${title.charAt(0).toUpperCase()}${title.slice(1)}`;
  return `${[heading, ...checks.flatMap((check) => formatCheck(check, nameWidth, width))].join('\n')}\n`;
}

function formatCheck({ name, status, finding, advice }: CheckResult, nameWidth: number, pageWidth: number): string[] {
  const head = `  ${MARKS[status].padEnd(MARK_WIDTH)}  ${name.padEnd(nameWidth)}  `;
  const isNarrow = pageWidth - head.length < MIN_TEXT_WIDTH;
  const indent = ' '.repeat(isNarrow ? NARROW_INDENT : head.length);
  const width = pageWidth - indent.length;
  const lines = finding.split('\n').flatMap((line) => wrapText(escapeText(line), width));
  const advised = advice === undefined ? [] : wrapText(escapeText(advice), width - ARROW.length);
  return [
    ...(isNarrow ? [head.trimEnd()] : []),
    ...lines.map((line, place) => `${place === 0 && !isNarrow ? head : indent}${line}`),
    ...advised.map((line, place) => `${indent}${place === 0 ? ARROW : ' '.repeat(ARROW.length)}${line}`),
  ];
}

function formatCounts({ ok, warning, failed, skipped }: Diagnosis['counts']): string {
  return `${ok} ok, ${formatQuantity(warning, 'warning')}, ${failed} failed, ${skipped} skipped.\n`;
}
