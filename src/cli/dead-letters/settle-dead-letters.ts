import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from '../../db/pool.ts';
import type { DeadLetter } from '../../dead-letters/dead-letter.ts';
import { abortOnSignal, stoppedError } from '../abort-on-signal.ts';
import type { CommandContext } from '../command-context.ts';
import { startProgressBar } from '../output/progress-bar.ts';
import { formatDryRun, formatSettlement } from './format-settlement.ts';
import { type Selection, type SelectionOptions, selectDeadLetters } from './select-dead-letters.ts';

export interface SettleCommandOptions extends SelectionOptions {
  /** Letters a second at the most. */
  rate?: number;
  dryRun?: boolean;
  /** Tells of each letter, not only of each cause. */
  verbose?: boolean;
  json?: boolean;
}

/** What became of one letter; `error` says why it is still open. */
export interface SettledLetter {
  readonly messageId: string;
  readonly outcome: string;
  readonly error?: string;
  /** Its cause now: that of the newest failure. */
  readonly reason: string;
  readonly path: string | null;
}

export interface Settlement {
  /** `replayed`, `discarded`: what was to be done to them. */
  done: string;
  /** The cause is told only where it is another one now. */
  settle: (letter: DeadLetter) => Promise<Omit<SettledLetter, 'reason' | 'path'> & Partial<SettledLetter>>;
}

/** What came of a run: the letters worked on, and how many matched in all. */
export interface Progress {
  results: SettledLetter[];
  matching: number;
  /** What ended the run before its end. */
  failure?: unknown;
}

interface SettleScene {
  readonly pool: Pool;
  readonly context: CommandContext;
  readonly ids: readonly string[];
  readonly options: SettleCommandOptions;
}

/**
 * Settles the selected letters one after another, the oldest first, and prints what became of them. A failure that is
 * not the letter's own ends the run, as a signal does; what was done until then is printed all the same.
 */
export async function settleDeadLetters(
  { pool, context, ids, options }: SettleScene,
  settlement: Settlement,
): Promise<readonly SettledLetter[]> {
  const selection = await pool.withTransaction((session) => selectDeadLetters(session, ids, options));
  // Whoever names letters wants to hear of each.
  const format = { ...options, verbose: options.verbose === true || ids.length > 0, done: settlement.done };
  if (options.dryRun === true) {
    context.stdout(formatDryRun(selection, format, context));
    return [];
  }
  const progress = await abortOnSignal((signal) => settleEach(selection, settlement, { ...options, context, signal }));
  context.stdout(formatSettlement(progress, format, context));
  if (progress.failure !== undefined) throw progress.failure;
  return progress.results;
}

async function settleEach(
  { letters, matching }: Selection,
  { settle, done }: Settlement,
  { rate, context, signal }: { rate?: number; context: CommandContext; signal: AbortSignal },
): Promise<Progress> {
  const results: SettledLetter[] = [];
  const bar = startProgressBar(context.progress, letters.length, `dead letters ${done}`, { rate: true });
  try {
    for (const letter of letters) {
      if (rate !== undefined && results.length > 0) await delay(1000 / rate);
      if (signal.aborted) throw stoppedError('What is told above is done; run it again for the others.');
      const { reason, path } = letter;
      results.push({ reason, path, ...(await settle(letter)) });
      bar.advance();
    }
    return { results, matching };
  } catch (failure) {
    return { results, matching, failure };
  } finally {
    bar.stop();
  }
}
