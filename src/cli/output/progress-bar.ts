import { Presets, SingleBar } from 'cli-progress';

export interface ProgressBar {
  /** By one, or by so many. */
  advance(count?: number): void;
  /** Shows a few words behind the bar until it moves on. */
  note(text: string): void;
  stop(): void;
}

export interface ProgressBarOptions {
  /** What was done before; the rate is that of the rest. */
  readonly done?: number;
  /** Shows how many a second. */
  readonly rate?: boolean;
}

/** Less is done before a bar can be read. */
export const MIN_TOTAL = 20;

/** The time left is that of the latest so many steps; fewer let it jump, since answers come in batches. */
const ETA_SAMPLES = 500;

const NO_BAR: ProgressBar = { advance: () => undefined, note: () => undefined, stop: () => undefined };

/** A bar on `stream`, gone when it stops; nothing at all where there is no terminal or too little to wait for. */
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
      // More can come than were counted at the begin.
      if (value > bar.getTotal()) bar.setTotal(value);
      const seconds = Math.max(performance.now() - startedAt, 1) / 1000;
      bar.update(value, { rate: Math.round((value - done) / seconds), note: '' });
    },
    note: (text) => bar.update({ note: ` | ${text}` }),
    stop: () => bar.stop(),
  };
}
