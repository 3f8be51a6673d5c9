import type { Check, CheckGroup, CheckStatus } from '../../doctor/check.ts';
import type { Diagnosis } from '../../doctor/run-doctor.ts';
import { escapeText } from '../output/escape-text.ts';
import { formatQuantity } from '../output/format-values.ts';
import { wrapText } from '../output/wrap-text.ts';

const WIDTH = 100;
const MARKS: Readonly<Record<CheckStatus, string>> = {
  ok: '✓ ok',
  warning: '! warning',
  failed: '✗ failed',
  skipped: '- skipped',
};
const MARK_WIDTH = Math.max(...Object.values(MARKS).map((mark) => mark.length));
/** A longer one, of a variable, makes room in its own group only. */
const USUAL_NAME_WIDTH = 16;
const ARROW = '→ ';

/** The page: a heading for each group, and below it each check with its finding and, behind an arrow, what to do. */
export function formatDiagnosis({ groups, counts }: Diagnosis): string {
  const shown = groups.map(({ title, checks }) => ({ title, checks: joinSkipped(checks) }));
  return [...shown.map(formatGroup), formatCounts(counts)].join('\n');
}

/** What can't be told for one reason is told once. */
function joinSkipped(checks: readonly Check[]): Check[] {
  const joined: Check[] = [];
  for (const [finding, alike] of Map.groupBy(checks, groupKey)) {
    const [first] = alike;
    if (first === undefined) continue;
    if (alike.length === 1) joined.push(first);
    else joined.push({ ...first, name: `${alike.length} checks`, finding: `${finding} (${listNames(alike)})` });
  }
  return joined;
}

function groupKey({ name, status, finding }: Check): string {
  return status === 'skipped' ? finding : `${name} ${finding}`;
}

function listNames(checks: readonly Check[]): string {
  return checks.map(({ name }) => name).join(', ');
}

function formatGroup({ title, checks }: CheckGroup): string {
  const nameWidth = Math.max(USUAL_NAME_WIDTH, ...checks.map(({ name }) => name.length));
  const heading = `${title.charAt(0).toUpperCase()}${title.slice(1)}`;
  return `${[heading, ...checks.flatMap((check) => formatCheck(check, nameWidth))].join('\n')}\n`;
}

function formatCheck({ name, status, finding, advice }: Check, nameWidth: number): string[] {
  const head = `  ${MARKS[status].padEnd(MARK_WIDTH)}  ${name.padEnd(nameWidth)}  `;
  const width = WIDTH - head.length;
  const lines = finding.split('\n').flatMap((line) => wrapText(escapeText(line), width));
  const advised = advice === undefined ? [] : wrapText(escapeText(advice), width - ARROW.length);
  const indent = ' '.repeat(head.length);
  return [
    ...lines.map((line, place) => `${place === 0 ? head : indent}${line}`),
    ...advised.map((line, place) => `${indent}${place === 0 ? ARROW : ' '.repeat(ARROW.length)}${line}`),
  ];
}

function formatCounts({ ok, warning, failed, skipped }: Diagnosis['counts']): string {
  return `${ok} ok, ${formatQuantity(warning, 'warning')}, ${failed} failed, ${skipped} skipped.\n`;
}
