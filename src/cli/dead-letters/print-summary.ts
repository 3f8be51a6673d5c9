import { COUNT_ALL } from '../../dead-letters/count-causes.ts';
import { type DeadLetterGroup, summarizeDeadLetters } from '../../dead-letters/summarize-dead-letters.ts';
import { escapeText } from '../../text/escape-text.ts';
import { formatCount, formatQuantity } from '../../text/format-quantity.ts';
import { formatTime } from '../../text/format-values.ts';
import { cutText } from '../output/cut-text.ts';
import { type Column, formatTable } from '../output/format-table.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext, ExitCode } from '../program/command-context.ts';
import { inTransaction } from '../program/open-database.ts';
import { GROUP_PATH_WIDTH } from './format-settlement.ts';
import { formatNone } from './list-dead-letters.ts';
import { type FilterOptions, readFilterOptions } from './select-dead-letters.ts';

/** `dead-letters summary`: one line for each cause, with the number of its letters. */
export async function printSummary(
  options: FilterOptions & { json?: boolean },
  context: CommandContext,
): Promise<ExitCode> {
  const groups = await inTransaction(context, async (session) =>
    summarizeDeadLetters(session, await readFilterOptions(session, options), COUNT_ALL),
  );
  printAnswer(context, options, { json: () => toJson(groups), text: () => formatSummary(groups, options, context) });
  return 0;
}

function toJson(groups: readonly DeadLetterGroup[]) {
  return {
    matching: countLetters(groups),
    groups: groups.map(({ reason, path, count, firstFailedAt, lastFailedAt, exampleId }) => ({
      ...{ reason, path, count },
      ...{ first_failed_at: firstFailedAt, last_failed_at: lastFailedAt, example: exampleId },
    })),
  };
}

const COLUMNS: readonly Column<DeadLetterGroup>[] = [
  { title: 'letters', value: ({ count }) => count },
  { title: 'reason', value: ({ reason }) => reason },
  { title: 'path', value: ({ path }) => path, narrowest: GROUP_PATH_WIDTH },
  { title: 'first failed', value: ({ firstFailedAt }) => formatMinute(firstFailedAt) },
  { title: 'last failed', value: ({ lastFailedAt }) => formatMinute(lastFailedAt) },
  { title: 'example', value: ({ exampleId }) => exampleId },
];

function formatSummary(
  groups: readonly DeadLetterGroup[],
  options: FilterOptions,
  { width = Number.POSITIVE_INFINITY }: Pick<CommandContext, 'width'>,
): string {
  const [largest] = groups;
  if (largest === undefined) return formatNone(options);
  const table = formatTable(COLUMNS, groups, width);
  const isTooWide = table.split('\n').some((line) => line.length > width);
  return [
    isTooWide ? formatNarrow(groups, width) : table,
    `${formatQuantity(countLetters(groups), 'dead letter')} of ${formatQuantity(groups.length, 'cause')}.\n`,
    `Why, and what to do:  clerk-sync dead-letters show ${largest.exampleId}\n`,
  ].join('\n');
}

/** Not in columns: a path must not be cut more than necessary, because `--path` takes it. */
const NARROW_HEADING = 'letters  reason  path\n    first and last failed  example\n';

/** Two lines for each group and for the heading, for terminals that are too narrow for all columns. */
function formatNarrow(groups: readonly DeadLetterGroup[], width: number): string {
  const countWidth = Math.max(...groups.map(({ count }) => formatCount(count).length));
  const blocks = groups.map(({ count, reason, path, firstFailedAt, lastFailedAt, exampleId }) => {
    const head = `${formatCount(count).padStart(countWidth)}  ${escapeText(reason)}  `;
    const times = `${formatMinute(firstFailedAt)} to ${formatMinute(lastFailedAt)}`;
    return `${head}${cutText(escapeText(path ?? '-'), width - head.length)}\n    ${times}  ${escapeText(exampleId)}\n`;
  });
  return [NARROW_HEADING, ...blocks].join('\n');
}

function formatMinute(time: Date): string {
  return formatTime(time).replace(/:\d\dZ$/, 'Z');
}

function countLetters(groups: readonly DeadLetterGroup[]): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}
