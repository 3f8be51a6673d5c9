import type { Pool } from '../../db/pool.ts';
import type { DeadLetter } from '../../dead-letters/dead-letter.ts';
import { abortOnSignal } from '../program/abort-on-signal.ts';
import type { CommandContext } from '../program/command-context.ts';
import { type WorkedThrough, workThrough } from '../program/work-through.ts';
import { printDryRun, printSettlement } from './format-settlement.ts';
import { type Selection, type SelectionOptions, selectDeadLetters } from './select-dead-letters.ts';

/** The options that `replay` and `discard` share. */
export interface SettleCommandOptions extends SelectionOptions {
  rate?: number;
  dryRun?: boolean;
  verbose?: boolean;
  json?: boolean;
}

/** What became of one letter. `error` says why it is still open. */
export interface SettledLetter {
  readonly messageId: string;
  readonly outcome: string;
  readonly error?: string;
  /** The cause of the newest failure. */
  readonly reason: string;
  readonly path: string | null;
}

/** What is done with each letter. */
export interface Settlement {
  /** `replayed`, `discarded`. */
  done: string;
  /** Asks, if that is needed, before anything is changed. */
  confirm?: (selection: Selection) => Promise<void>;
  /** Names the cause only if it has changed. */
  settle: (letter: DeadLetter) => Promise<Omit<SettledLetter, 'reason' | 'path'> & Partial<SettledLetter>>;
}

/** The letters that were settled, and how many matched. */
export interface Progress extends WorkedThrough<SettledLetter> {
  readonly matching: number;
}

interface SettleScene {
  readonly pool: Pool;
  readonly context: CommandContext;
  readonly ids: readonly string[];
  readonly options: SettleCommandOptions;
}

/**
 * Settles the selected letters one after another, the oldest first, and prints what became of them. A signal ends the run,
 * and so does a failure that is not the letter's own. What was done before that is printed, too.
 */
export async function settleDeadLetters(
  { pool, context, ids, options }: SettleScene,
  settlement: Settlement,
): Promise<readonly SettledLetter[]> {
  const selection = await pool.withTransaction((session) => selectDeadLetters(session, ids, options));
  // Somebody who names letters wants to know about each of them.
  const format = { ...options, verbose: options.verbose === true || ids.length > 0, done: settlement.done };
  if (options.dryRun === true) {
    printDryRun(selection, format, context);
    return [];
  }
  await settlement.confirm?.(selection);
  const { rate } = options;
  const settle = async (letter: DeadLetter) => {
    const { reason, path } = letter;
    return { reason, path, ...(await settlement.settle(letter)) };
  };
  const done = await abortOnSignal((signal) =>
    workThrough(selection.letters, settle, {
      ...{ rate, signal, unit: `dead letters ${settlement.done}`, progress: context.progress },
      stopped: 'The letters above are done. Run the command again for the others.',
    }),
  );
  const progress: Progress = { ...done, matching: selection.matching };
  printSettlement(progress, format, context);
  if (progress.failure !== undefined) throw progress.failure;
  return progress.results;
}
