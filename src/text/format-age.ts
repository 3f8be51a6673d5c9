import { formatQuantity } from './format-quantity.ts';

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** A time span in its largest unit, rounded down: `3 days`, `1 second`. */
export function formatSpan(ms: number): string {
  const [noun, unitMs] = UNITS.find(([, unit]) => Math.abs(ms) >= unit) ?? (['second', 1000] as const);
  return formatQuantity(Math.trunc(Math.abs(ms) / unitMs), noun);
}

/** How long ago a moment was: `3 days ago`. A moment in the future was 0 seconds ago. */
export function formatAge(moment: Date, now: number = Date.now()): string {
  return `${formatSpan(Math.max(0, now - moment.getTime()))} ago`;
}
