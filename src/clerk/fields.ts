import { z } from 'zod';

/** Texts, flags, counts: null where Clerk says null, absent where Clerk leaves the key out. */
export const text = z.string().nullish();
export const flag = z.boolean().nullish();
export const count = z.custom(isInt64, 'Expected a whole number').nullish();

/** Clerk's counts are int64, whose upper end often stands for "no limit": more than a double holds. */
function isInt64(value: unknown): boolean {
  if (!JSON.isRawJSON(value)) return Number.isSafeInteger(value);
  const { rawJSON: digits } = value as { rawJSON: string };
  return /^-?\d+$/.test(digits) && BigInt.asIntN(64, BigInt(digits)) === BigInt(digits);
}

/** Metadata and other values that are kept as they are. */
export const json = z.unknown().optional();

/** An id, or a value that identifies: Clerk sends "" where there is none. */
export const id = z
  .string()
  .nullish()
  .transform((value) => (value === '' ? null : value));

/** What `timestamptz` and ISO 8601 both hold without tricks: the years 1 to 9999, in milliseconds. */
const EARLIEST_MS = -62_135_596_800_000;
const LATEST_MS = 253_402_300_799_999;

/** As milliseconds, anything below lies before March 1973; as seconds, anything above lies after the year 5000. */
const SECONDS_BELOW = 1e11;

/**
 * Reads a moment as Clerk sends it. Most are Unix milliseconds; the published examples have seconds, events of 2021
 * have ISO strings. Undefined for anything else.
 */
export function readTime(value: unknown): Date | undefined {
  const ms = readMs(value);
  return ms >= EARLIEST_MS && ms <= LATEST_MS ? new Date(ms) : undefined;
}

function readMs(value: unknown): number {
  if (typeof value === 'string') return Date.parse(value);
  if (typeof value !== 'number') return Number.NaN;
  return Math.trunc(Math.abs(value) < SECONDS_BELOW ? value * 1000 : value);
}

export const time = z
  .transform((value: unknown, context) => {
    if (value === null || value === '') return null;
    const moment = readTime(value);
    if (moment !== undefined) return moment;
    context.issues.push({ code: 'custom', input: value, message: 'Expected a time in Unix milliseconds' });
    return z.NEVER;
  })
  .optional();
