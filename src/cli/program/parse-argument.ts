import { InvalidArgumentError } from 'commander';
import { suggestSimilar } from '../output/suggest-similar.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** A time: an ISO 8601 date or time (UTC if it names no zone), or how long ago: `90s`, `30m`, `24h`, `7d`, `2w`. */
export function parseTime(text: string, now = new Date()): Date {
  const ago = /^(\d{1,6})([smhdw])$/.exec(text);
  const unitMs = UNIT_MS[ago?.[2] ?? ''];
  if (unitMs !== undefined) return new Date(now.getTime() - Number(ago?.[1]) * unitMs);
  const iso = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  const time = new Date(text.includes('T') && iso?.[1] === undefined ? `${text}Z` : text);
  if (iso === null || Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError('Give a time like 2026-01-31, 2026-01-31T12:00:00Z, 24h or 7d.');
  }
  return time;
}

/** Makes a parser of whole numbers from `low` to `high`, both included. */
export function parseInteger(low: number, high: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= low && number <= high) return number;
    throw new InvalidArgumentError(`Give a whole number from ${low} to ${high}.`);
  };
}

/** A number of something per second, such as `5` or `0.5`. */
export function parseRate(text: string): number {
  const rate = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (rate > 0) return rate;
  throw new InvalidArgumentError('Give a number above 0, such as 10 or 0.5.');
}

/** For an option that can be repeated, or given once with several values and commas between them. */
export function collect(text: string, collected: string[] = []): string[] {
  const values = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (values.length === 0) throw new InvalidArgumentError('Give at least one value.');
  return [...collected, ...values];
}

/** The same for the values of a fixed list. */
export function collectAmong(choices: readonly string[]) {
  return function collectChoice(text: string, collected?: string[]): string[] {
    const values = collect(text, collected);
    const unknown = values.find((value) => !choices.includes(value));
    if (unknown === undefined) return values;
    throw new InvalidArgumentError(`Give one of ${choices.join(', ')}.${suggestSimilar(unknown, choices)}`);
  };
}

/** A text that is not empty. */
export function parseText(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('Give a text that is not empty.');
}
