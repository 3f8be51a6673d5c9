import { formatCount } from '../../text/format-quantity.ts';
import { formatDuration } from '../../text/format-values.ts';
import { MIN_TOTAL, startProgressBar } from './progress-bar.ts';

/** Shows how many users of a long run are done. */
export interface WalkProgress {
  /** Counts this many more users as done. */
  advance(count: number): void;
  /** Says in a few words why nothing moves. */
  note(text: string): void;
  stop(): void;
}

/** Where the progress is shown, and of how many users. */
export interface WalkProgressOptions {
  /** A terminal, for the bar. */
  readonly progress: NodeJS.WritableStream | undefined;
  /** For plain lines, if there is no terminal. */
  readonly stderr: (text: string) => void;
  readonly total: number;
  /** What was done before. */
  readonly done?: number;
  /** Between two plain lines. Default 10,000 ms. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 10_000;

/** On a terminal a bar with rate and time left. Elsewhere a plain line every ten seconds, and one at the end. */
export function startWalkProgress(options: WalkProgressOptions): WalkProgress {
  const { progress, total, done = 0 } = options;
  if (progress === undefined || total < MIN_TOTAL) return startLines(options);
  return startProgressBar(progress, total, 'users', { done, rate: true });
}

function startLines({ stderr, total, done = 0, intervalMs = INTERVAL_MS }: WalkProgressOptions): WalkProgress {
  const startedAt = performance.now();
  let value = done;
  let toldAt = startedAt;
  let toldValue: number | undefined;
  const tell = () => {
    toldAt = performance.now();
    toldValue = value;
    const perMs = (value - done) / Math.max(toldAt - startedAt, 1);
    const left = perMs > 0 && total > value ? `, ${formatDuration((total - value) / perMs)} left` : '';
    const [now, all, rate] = [value, Math.max(total, value), Math.round(perMs * 1000)].map(formatCount);
    stderr(`${now} of ${all} users, ${rate}/s${left}\n`);
  };
  return {
    advance(count) {
      value += count;
      if (performance.now() - toldAt >= intervalMs) tell();
    },
    note: (text) => stderr(`${text}\n`),
    stop() {
      if (toldValue !== value) tell();
    },
  };
}
