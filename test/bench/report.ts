import type { HttpMeasurement } from './measure-http.ts';
import type { WritePathMeasurement } from './measure-write-path.ts';

/** The middle of the values, and how far from it they go, as a share of it. */
export interface Median {
  readonly median: number;
  readonly spread: number;
}

/** @param values at least one. */
export function computeMedian(values: readonly number[]): Median {
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const spread = median === 0 ? 0 : Math.max(median - (sorted[0] ?? 0), (sorted.at(-1) ?? 0) - median) / median;
  return { median, spread };
}

type HttpFigure = Exclude<keyof HttpMeasurement, 'contender'>;

/** One row of the table of HTTP runs: the medians over the rounds. */
export function summarizeHttp(rounds: readonly HttpMeasurement[]) {
  const figure = (name: HttpFigure) => computeMedian(rounds.map((round) => round[name])).median;
  const { median, spread } = computeMedian(rounds.map(({ eventsPerSecond }) => eventsPerSecond));
  return {
    contender: rounds[0]?.contender,
    'at once': rounds[0]?.concurrency,
    'events/s': Math.round(median),
    '±%': Math.round(spread * 100),
    'p50 ms': round(figure('p50')),
    'p95 ms': round(figure('p95')),
    'p99 ms': round(figure('p99')),
    'service CPU µs/event': Math.round((figure('serviceCpu') / figure('events')) * 1e6),
    'Postgres CPU µs/event': Math.round((figure('postgresCpu') / figure('events')) * 1e6),
    'RSS MiB': Math.round(figure('rssMiB')),
    'WAL bytes/event': Math.round(figure('walBytesPerEvent')),
    'old tuples/event': round(figure('oldTuplesPerEvent')),
  };
}

/** One row of the table of writers. */
export function summarizeWriter(rounds: readonly WritePathMeasurement[]) {
  const fresh = computeMedian(rounds.map(({ newUsersPerSecond }) => newUsersPerSecond));
  const updates = computeMedian(rounds.map(({ updatesPerSecond }) => updatesPerSecond));
  return {
    writer: rounds[0]?.writer,
    batch: rounds[0]?.batch,
    'new users/s': Math.round(fresh.median),
    'new ±%': Math.round(fresh.spread * 100),
    'updates/s': Math.round(updates.median),
    'updates ±%': Math.round(updates.spread * 100),
  };
}

/** The median of the ratios within each round: what the machine does to one round, it does to both. */
export function compareRounds<T>(ours: readonly T[], theirs: readonly T[], figure: (round: T) => number): Median {
  return computeMedian(ours.map((round, place) => figure(round) / figure(theirs[place] as T)));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
