import { formatCount } from '../../text/format-quantity.ts';
import { formatDuration } from '../../text/format-values.ts';
import type { CommandContext } from '../program/command-context.ts';
import { MIN_TOTAL, type ProgressBar, startProgressBar } from './progress-bar.ts';

/** Shows on stderr how far a run over all users is. */
export interface WalkTeller {
  /** The first call begins the count. `done` users were done before. */
  begin(total: number, done?: number): void;
  tell(done: number): void;
  /** Says in a few words why nothing moves. */
  note(text: string): void;
  stop(): void;
}

const INTERVAL_MS = 10_000;

/** On a terminal it draws a bar with rate and time left. Elsewhere it writes a line every ten seconds, and one at the end. */
export function createWalkTeller({ progress, stderr }: Pick<CommandContext, 'progress' | 'stderr'>): WalkTeller {
  let shown: ProgressBar | undefined;
  let value = 0;
  return {
    begin(total, done = 0) {
      if (shown !== undefined) return;
      value = done;
      const hasBar = progress !== undefined && total >= MIN_TOTAL;
      shown = hasBar
        ? startProgressBar(progress, total, 'users', { done, rate: true })
        : startLines(stderr, total, done);
    },
    tell(done) {
      shown?.advance(done - value);
      value = done;
    },
    note: (text) => (shown === undefined ? stderr(`${text}\n`) : shown.note(text)),
    stop() {
      shown?.stop();
      shown = undefined;
    },
  };
}

function startLines(stderr: CommandContext['stderr'], total: number, done: number): ProgressBar {
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
    advance(count = 1) {
      value += count;
      if (performance.now() - toldAt >= INTERVAL_MS) tell();
    },
    note: (text) => stderr(`${text}\n`),
    stop() {
      if (toldValue !== value) tell();
    },
  };
}
