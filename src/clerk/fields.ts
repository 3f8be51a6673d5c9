import * as v from 'valibot';

/** Texts, flags, counts: null where Clerk says null, absent where Clerk leaves the key out. */
export const text = v.nullish(v.string());
export const flag = v.nullish(v.boolean());
export const count = v.nullish(v.custom<unknown>(isInt64, 'Expected a whole number'));

/** Clerk's counts are int64, whose upper end often stands for "no limit": more than a double holds. */
function isInt64(value: unknown): boolean {
  if (!JSON.isRawJSON(value)) return Number.isSafeInteger(value);
  const { rawJSON: digits } = value as { rawJSON: string };
  return /^-?\d+$/.test(digits) && BigInt.asIntN(64, BigInt(digits)) === BigInt(digits);
}

/** Metadata and other values that are kept as they are. */
export const json = v.optional(v.unknown());

/** An id, or a value that identifies: Clerk sends "" where there is none. */
export const id = v.pipe(
  v.nullish(v.string()),
  v.transform((value) => (value === '' ? null : value)),
);

/** Clerk's have 32 characters. What is much longer is no id, and too long for an index, that of dead letters included. */
const MAX_ID_LENGTH = 256;

/** Reads the id of a user; null for what can't be one. */
export function readId(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_LENGTH ? value : null;
}

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

export const time = v.optional(
  v.pipe(
    v.unknown(),
    v.rawTransform<unknown, Date | null>(({ dataset: { value }, addIssue, NEVER }) => {
      if (value === null || value === '') return null;
      const moment = readTime(value);
      if (moment !== undefined) return moment;
      addIssue({ message: 'Expected a time in Unix milliseconds' });
      return NEVER;
    }),
  ),
);

/** An object with these properties; others are dropped. Valibot's own would take a list for one. */
export function object<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(v.custom<Record<string, unknown>>(isObject, describeMismatch('Object')), v.object(entries));
}

/** True for what JSON calls an object: neither a list nor null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is wrong with a value, in words that don't quote it: valibot's own would, and it may be personal data. */
export function describeIssue({ expected, input }: Pick<v.BaseIssue<unknown>, 'expected' | 'input'>): string {
  return describeMismatch(expected ?? 'another value')({ input });
}

function describeMismatch(expected: string) {
  return ({ input }: Pick<v.BaseIssue<unknown>, 'input'>): string =>
    `Invalid input: expected ${expected.toLowerCase()}, received ${nameType(input)}`;
}

function nameType(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
