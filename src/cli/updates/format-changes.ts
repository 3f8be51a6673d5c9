import { formatQuantity } from '../../text/format-quantity.ts';
import { countByOutcome, formatBeyond, listOutcomes } from '../output/format-outcomes.ts';
import { formatTable } from '../output/format-table.ts';
import { printAnswer } from '../output/print-answer.ts';
import type { CommandContext } from '../program/command-context.ts';
import type { ChangedUpdate } from './change-updates.ts';
import { updateColumns } from './list-updates.ts';
import type { UpdateSelection } from './select-updates.ts';

interface ChangeFormat {
  readonly done: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

type Output = Pick<CommandContext, 'stdout' | 'invocation' | 'width'>;

/** Prints which requests would be changed. */
export function printPlannedChanges(
  { updates, matching }: UpdateSelection,
  format: ChangeFormat,
  context: Output,
): void {
  const total = `${formatQuantity(updates.length, 'update request')} would be ${format.done}${formatBeyond(matching - updates.length)}.\n`;
  printAnswer(context, format, {
    json: () => ({ dry_run: true, matching, user_updates: updates }),
    text: () => (updates.length === 0 ? total : `${formatTable(updateColumns, updates, context.width)}\n${total}`),
  });
}

interface Changes {
  readonly results: readonly ChangedUpdate[];
  readonly matching: number;
}

/** Prints what became of the requests: counts, or a line for each. */
export function printChanges({ results, matching }: Changes, format: ChangeFormat, context: Output): void {
  printAnswer(context, format, {
    json: () => ({
      matching,
      outcomes: countByOutcome(results),
      results: results.map(({ id, outcome, newId, note }) => ({
        id,
        outcome,
        new_id: newId ?? null,
        note: note ?? null,
      })),
    }),
    text: () => formatChanges({ results, matching }, { ...format, width: context.width }),
  });
}

function formatChanges(
  { results, matching }: Changes,
  { done, verbose, width }: ChangeFormat & Pick<CommandContext, 'width'>,
): string {
  if (matching === 0) return 'No update requests match.\n';
  const table = formatTable<ChangedUpdate>(
    [
      { title: 'id', value: ({ id }) => String(id) },
      { title: 'outcome', value: ({ outcome }) => outcome },
      { title: 'new id', value: ({ newId }) => (newId === undefined ? null : String(newId)) },
      { title: 'note', value: ({ id, note }) => note?.replaceAll('<id>', String(id)) ?? '', narrowest: 30 },
    ],
    results,
    width,
  );
  const total = listOutcomes(countByOutcome(results)) || `none ${done}`;
  return `${verbose === true && results.length > 0 ? `${table}\n` : ''}${total}${formatBeyond(matching - results.length)}.\n`;
}
