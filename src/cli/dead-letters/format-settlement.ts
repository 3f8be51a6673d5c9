import type { DeadLetter } from '../../dead-letters/dead-letter.ts';
import { formatQuantity } from '../../text/format-quantity.ts';
import { countByOutcome, formatBeyond, listOutcomes } from '../output/format-outcomes.ts';
import { type Column, formatTable } from '../output/format-table.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext } from '../program/command-context.ts';
import { letterColumns } from './list-dead-letters.ts';
import type { Selection } from './select-dead-letters.ts';
import type { Progress, SettledLetter } from './settle-dead-letters.ts';

interface SettlementFormat {
  readonly done: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** Prints what would be done: counts by cause, or a line for each letter as in a list. */
export function printDryRun(
  selection: Selection,
  format: SettlementFormat,
  context: Pick<CommandContext, 'stdout' | 'invocation' | 'width'>,
): void {
  printAnswer(context, format, {
    json: () => ({ dry_run: true, matching: selection.matching, dead_letters: selection.letters }),
    text: () => formatDryRun(selection, format, context.width),
  });
}

function formatDryRun(
  { letters, matching }: Selection,
  { done, verbose }: SettlementFormat,
  width: number | undefined,
): string {
  const beyond = formatBeyond(matching - letters.length);
  const total = `${formatQuantity(letters.length, 'dead letter')} would be ${done}${beyond}.\n`;
  if (letters.length === 0) return total;
  const table =
    verbose === true
      ? formatTable(letterColumns, letters, width)
      : formatTable(CAUSE_COLUMNS, groupLetters(letters.map(toSettled)), width);
  return `${table}\n${total}`;
}

function toSettled({ message_id: messageId, reason, path, state: outcome }: DeadLetter): SettledLetter {
  return { messageId, outcome, reason, path };
}

/** Letters with the same outcome and the same cause. */
interface OutcomeGroup extends Pick<SettledLetter, 'outcome' | 'reason' | 'path'> {
  readonly count: number;
  readonly exampleId: string;
}

/** The path of a group can be given to `--path`, so it must not be cut. Nearly all paths are shorter than this. */
export const GROUP_PATH_WIDTH = 36;

const GROUP_COLUMNS: readonly Column<OutcomeGroup>[] = [
  { title: 'letters', value: ({ count }) => count },
  { title: 'outcome', value: ({ outcome }) => outcome },
  { title: 'reason', value: ({ reason }) => reason },
  { title: 'path', value: ({ path }) => path, narrowest: GROUP_PATH_WIDTH },
  { title: 'example', value: ({ exampleId }) => exampleId, spare: 1 },
];

const CAUSE_COLUMNS = GROUP_COLUMNS.filter(({ title }) => title !== 'outcome');

const LETTER_COLUMNS: readonly Column<SettledLetter>[] = [
  { title: 'message', value: ({ messageId }) => messageId },
  { title: 'outcome', value: ({ outcome }) => outcome },
  { title: 'error', value: ({ error }) => error ?? '', narrowest: 30 },
];

/** Prints what was done: counts by outcome and cause, or a line for each letter. */
export function printSettlement(
  progress: Progress,
  format: SettlementFormat,
  context: Pick<CommandContext, 'stdout' | 'invocation' | 'width'>,
): void {
  const groups = groupLetters(progress.results);
  printAnswer(context, format, {
    json: () => toJson(progress, groups),
    text: () => formatSettlement(progress, groups, { ...format, width: context.width }),
  });
}

function formatSettlement(
  { results, matching }: Progress,
  groups: readonly OutcomeGroup[],
  { done, verbose, width }: SettlementFormat & Pick<CommandContext, 'width'>,
): string {
  if (matching === 0) return 'No dead letters match.\n';
  const table =
    verbose === true ? formatTable(LETTER_COLUMNS, results, width) : formatTable(GROUP_COLUMNS, groups, width);
  const total = listOutcomes(countByOutcome(results)) || `none ${done}`;
  const untouched = results.some(({ outcome }) => outcome === 'duplicate' || outcome === 'not_open');
  const failed = groups.find(({ outcome }) => outcome === 'dead_letter');
  return [
    ...(results.length === 0 ? [] : [table]),
    `${total}${formatBeyond(matching - results.length)}.`,
    ...(untouched ? ['Only open letters can be changed. The others stay as they were.'] : []),
    ...(failed === undefined ? [] : [`\nWhy, and what to do:  clerk-sync dead-letters show ${failed.exampleId}`]),
    '',
  ].join('\n');
}

function toJson({ results, matching }: Progress, groups: readonly OutcomeGroup[]) {
  return {
    matching,
    outcomes: countByOutcome(results),
    groups: groups.map(({ exampleId, ...group }) => ({ ...group, example: exampleId })),
    results: results.map(({ messageId, outcome, reason, path, error = null }) => ({
      message_id: messageId,
      ...{ outcome, reason, path, error },
    })),
  };
}

/** The largest first. */
function groupLetters(results: readonly SettledLetter[]): OutcomeGroup[] {
  const alike = Map.groupBy(results, ({ outcome, reason, path }) => JSON.stringify([outcome, reason, path]));
  return [...alike.values()]
    .flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const { messageId: exampleId, outcome, reason, path } = first;
      return { count: group.length, outcome, reason, path, exampleId };
    })
    .sort((a, b) => b.count - a.count);
}
