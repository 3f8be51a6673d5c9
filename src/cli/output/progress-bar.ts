import { Presets, SingleBar } from 'cli-progress';

/** A bar that shows how much is done. */
export interface ProgressBar {
  advance(count?: number): void;
  /** Shows a few words after the bar until it moves again. */
  note(text: string): void;
  stop(): void;
}

/** What a bar can show beside the count. */
export interface ProgressBarOptions {
  /** What was done before. The rate counts only the rest. */
  readonly done?: number;
  readonly rate?: boolean;
}

/** Fewer steps are done before anybody can read a bar. */
export const MIN_TOTAL = 20;

/** The time left follows from the last 500 steps. With fewer it jumps, because answers come in batches. */
const ETA_SAMPLES = 500;

const NO_BAR: ProgressBar = { advance: () => undefined, note: () => undefined, stop: () => undefined };

/** Starts a bar on `stream`, which is removed at the end. There is none without a terminal, or for fewer than 20 steps. */
export function startProgressBar(
  stream: NodeJS.WritableStream | undefined,
  total: number,
  unit: string,
  { done = 0, rate = false }: ProgressBarOptions = {},
): ProgressBar {
  if (stream === undefined || total < MIN_TOTAL) return NO_BAR;
  const parts = [
    '{bar} {percentage} %',
    `{value} of {total} ${unit}`,
    ...(rate ? ['{rate}/s'] : []),
    '{eta_formatted} left{note}',
  ];
  const bar = new SingleBar(
    { stream, clearOnComplete: true, hideCursor: true, etaBuffer: ETA_SAMPLES, format: parts.join(' | ') },
    Presets.shades_classic,
  );
  const startedAt = performance.now();
  let value = done;
  bar.start(total, done, { rate: 0, note: '' });
  return {
    advance(count = 1) {
      value += count;
      // There may be more than were counted at the start.
      if (value > bar.getTotal()) bar.setTotal(value);
      const seconds = Math.max(performance.now() - startedAt, 1) / 1000;
      bar.update(value, { rate: Math.round((value - done) / seconds), note: '' });
    },
    note: (text) => bar.update({ note: ` | ${text}` }),
    stop: () => bar.stop(),
  };
}
