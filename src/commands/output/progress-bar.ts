import { Presets, SingleBar } from 'cli-progress';

export interface ProgressBar {
  advance(): void;
  stop(): void;
}

/** A bar on `stream`, gone when it stops; nothing at all where there is no terminal or too little to wait for. */
export function startProgressBar(stream: NodeJS.WritableStream | undefined, total: number, unit: string): ProgressBar {
  if (stream === undefined || total < MIN_TOTAL) return { advance: () => undefined, stop: () => undefined };
  const bar = new SingleBar(
    {
      stream,
      clearOnComplete: true,
      hideCursor: true,
      format: `{bar} {percentage} % | {value} of {total} ${unit} | {eta_formatted} left`,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return { advance: () => bar.increment(), stop: () => bar.stop() };
}

const MIN_TOTAL = 20;
