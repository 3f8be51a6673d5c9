import { setTimeout as delay } from 'node:timers/promises';
import { startProgressBar } from '../output/progress-bar.ts';
import { stoppedError } from './abort-on-signal.ts';
import type { CommandContext } from './command-context.ts';

/** How a list is worked through. */
export interface WorkThroughOptions {
  readonly rate?: number | undefined;
  /** What the progress bar counts, such as `dead letters replayed`. */
  readonly unit: string;
  readonly stopped: string;
  readonly signal: AbortSignal;
}

/** The results so far, and why it stopped early. */
export interface WorkedThrough<Result> {
  readonly results: readonly Result[];
  readonly failure?: unknown;
}

/** Does `work` for each item, one after another, until it fails or a signal stops it. */
export async function workThrough<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  { rate, unit, stopped, signal, progress }: WorkThroughOptions & Pick<CommandContext, 'progress'>,
): Promise<WorkedThrough<Result>> {
  const results: Result[] = [];
  const bar = startProgressBar(progress, items.length, unit, { rate: true });
  try {
    for (const item of items) {
      if (rate !== undefined && results.length > 0) await delay(1000 / rate);
      if (signal.aborted) throw stoppedError(stopped);
      results.push(await work(item));
      bar.advance();
    }
    return { results };
  } catch (failure) {
    return { results, failure };
  } finally {
    bar.stop();
  }
}
