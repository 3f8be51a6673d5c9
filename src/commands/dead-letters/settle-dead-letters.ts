import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from '../../db/pool.ts';
import type { DeadLetter } from '../../dead-letters/dead-letter.ts';
import type { CommandContext } from '../command-context.ts';
import { formatTable } from '../output/format-table.ts';
import { formatCount, formatJson, formatQuantity } from '../output/format-values.ts';
import { startProgressBar } from '../output/progress-bar.ts';
import { letterColumns } from './list-dead-letters.ts';
import { type Selection, type SelectionOptions, selectDeadLetters } from './select-dead-letters.ts';

export interface SettleCommandOptions extends SelectionOptions {
  /** Letters a second at the most. */
  rate?: number;
  dryRun?: boolean;
  json?: boolean;
}

/** What became of one letter; `error` says why it is still open. */
export interface SettledLetter {
  messageId: string;
  outcome: string;
  error?: string;
}

export interface Settlement {
  /** `replayed`, `discarded`: what was to be done to them. */
  done: string;
  settle: (letter: DeadLetter) => Promise<SettledLetter>;
}

/** What came of a run: the letters worked on, and how many matched in all. */
interface Progress {
  results: SettledLetter[];
  matching: number;
  /** What ended the run before its end. */
  failure?: unknown;
}

/**
 * Settles the selected letters one after another, the oldest first, and prints what became of each. A failure that is
 * not the letter's own ends the run; what was done until then is printed all the same.
 */
export async function settleDeadLetters(
  {
    pool,
    context,
    ids,
    options,
  }: { pool: Pool; context: CommandContext; ids: readonly string[]; options: SettleCommandOptions },
  settlement: Settlement,
): Promise<SettledLetter[]> {
  const selection = await pool.withSession((session) => selectDeadLetters(session, ids, options));
  if (options.dryRun === true) {
    context.stdout(options.json === true ? formatDryRunJson(selection) : formatDryRun(selection, settlement.done));
    return [];
  }
  const progress = await settleEach(selection, settlement, options.rate, context);
  context.stdout(options.json === true ? formatResultsJson(progress) : formatResults(progress, settlement.done));
  if (progress.failure !== undefined) throw progress.failure;
  return progress.results;
}

async function settleEach(
  { letters, matching }: Selection,
  { settle, done }: Settlement,
  rate: number | undefined,
  context: CommandContext,
): Promise<Progress> {
  const results: SettledLetter[] = [];
  const bar = startProgressBar(context.progress, letters.length, `dead letters ${done}`);
  try {
    for (const letter of letters) {
      if (rate !== undefined && results.length > 0) await delay(1000 / rate);
      results.push(await settle(letter));
      bar.advance();
    }
    return { results, matching };
  } catch (failure) {
    return { results, matching, failure };
  } finally {
    bar.stop();
  }
}

function formatDryRun({ letters, matching }: Selection, done: string): string {
  const heading = `${formatQuantity(letters.length, 'dead letter')} would be ${done}${formatBeyond(matching - letters.length)}.\n`;
  return letters.length === 0 ? heading : `${formatTable(letterColumns, letters)}\n${heading}`;
}

function formatDryRunJson({ letters, matching }: Selection): string {
  return formatJson({ dry_run: true, matching, dead_letters: letters });
}

function formatResults({ results, matching }: Progress, done: string): string {
  if (matching === 0) return 'No dead letters match.\n';
  const table = formatTable<SettledLetter>(
    [
      { title: 'message', value: (result) => result.messageId },
      { title: 'outcome', value: (result) => result.outcome },
      { title: 'error', value: (result) => result.error ?? '' },
    ],
    results,
  );
  const counts = Object.entries(countOutcomes(results)).map(([outcome, count]) => `${formatCount(count)} ${outcome}`);
  const summary = counts.length === 0 ? `none ${done}` : counts.join(', ');
  const untouched = results.some(({ outcome }) => outcome === 'duplicate' || outcome === 'not_open');
  const note = untouched ? 'Only open letters can be changed: the others are as they were.\n' : '';
  return `${table}\n${summary}${formatBeyond(matching - results.length)}.\n${note}`;
}

function formatResultsJson({ results, matching }: Progress): string {
  return formatJson({
    matching,
    outcomes: countOutcomes(results),
    results: results.map(({ messageId, outcome, error }) => ({ message_id: messageId, outcome, error: error ?? null })),
  });
}

function formatBeyond(count: number): string {
  return count === 0 ? '' : `; ${formatCount(count)} more match`;
}

function countOutcomes(results: readonly SettledLetter[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
