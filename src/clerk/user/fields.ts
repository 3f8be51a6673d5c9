import * as v from 'valibot';

/** A number whose digits a double does not hold, as `JSON.rawJSON` makes it. */
export type RawNumber = ReturnType<typeof JSON.rawJSON>;

/** A text, null or absent. Here and below, null is what Clerk says, and absent is a key that Clerk leaves out. */
export const text = v.nullish(v.string());
/** True, false, null or absent. */
export const flag = v.nullish(v.boolean());
/** A whole number, null or absent. */
export const count = v.nullish(
  v.pipe(
    v.unknown(),
    v.rawTransform<unknown, number | RawNumber>(({ dataset: { value }, addIssue, NEVER }) => {
      const whole = readWhole(value);
      if (whole !== undefined) return whole;
      addIssue({ message: 'Expected a whole number' });
      return NEVER;
    }),
  ),
);

/**
 * A whole number in digits alone, also if JSON writes it `1.0` or `1e5`. Clerk's counts are int64, whose upper end
 * often stands for "no limit": more than a double holds.
 */
function readWhole(value: unknown): number | RawNumber | undefined {
  if (Number.isSafeInteger(value)) return value as number;
  if (typeof value !== 'number' && !JSON.isRawJSON(value)) return undefined;
  // A double that `parseJson` has left as it was has the digits that were sent, also beyond the safe integers.
  const source = typeof value === 'number' ? String(value) : (value as { rawJSON: string }).rawJSON;
  const whole = /[.eE]/.test(source) ? readDecimal(source) : BigInt(source);
  if (whole === undefined || BigInt.asIntN(64, whole) !== whole) return undefined;
  return Number.isSafeInteger(Number(whole)) ? Number(whole) : JSON.rawJSON(String(whole));
}

/** The digits of the largest int64. */
const MAX_WHOLE_DIGITS = 19;

/** Reads a JSON number with a fraction or an exponent, every digit kept. Undefined if it is not whole, or too large. */
function readDecimal(source: string): bigint | undefined {
  const [mantissa = '', exponent = '0'] = source.toLowerCase().split('e');
  const [before = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = (before + fraction).replace(/0+$/, '');
  const zeros = before.length + Number(exponent) - digits.length;
  if (/^0*$/.test(digits)) return 0n;
  if (zeros < 0 || zeros > MAX_WHOLE_DIGITS) return undefined;
  return BigInt(`${digits}${'0'.repeat(zeros)}`) * (source.startsWith('-') ? -1n : 1n);
}

/** Metadata and other values that are kept as they are. */
export const json = v.optional(v.unknown());

/** An id, or a value that identifies. Clerk sends "" if there is none. */
export const id = v.pipe(
  v.nullish(v.string()),
  v.transform((value) => (value === '' ? null : value)),
);

/** Clerk's have 32 characters. What is much longer is no id, and is too long for an index. */
const MAX_ID_LENGTH = 256;

/** Reads an id that becomes a key. Null for what can't be one. */
export function readId(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_LENGTH ? value : null;
}

/** What `timestamptz` and ISO 8601 both hold without tricks: the years 1 to 9999, in milliseconds. */
const EARLIEST_MS = -62_135_596_800_000;
const LATEST_MS = 253_402_300_799_999;

/** As milliseconds, anything below lies before March 1973. As seconds, anything above lies after the year 5000. */
const SECONDS_BELOW = 1e11;

/** RFC 3339. A text that leaves the zone out would be read in the zone of this process. */
const TIMESTAMP = /^(\d{4}-\d\d-\d\d)[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/i;

/**
 * Reads a moment as Clerk sends it. Most are Unix milliseconds. The published examples have seconds. Events
 * of 2021 have ISO strings, which must name their zone. Undefined for anything else.
 */
export function readMoment(value: unknown): Date | undefined {
  const ms = readMs(value);
  return ms >= EARLIEST_MS && ms <= LATEST_MS ? new Date(ms) : undefined;
}

function readMs(value: unknown): number {
  if (typeof value === 'string') return parseTimestamp(value);
  const number = JSON.isRawJSON(value) ? Number((value as { rawJSON: string }).rawJSON) : value;
  if (typeof number !== 'number') return Number.NaN;
  return Math.trunc(Math.abs(number) < SECONDS_BELOW ? number * 1000 : number);
}

function parseTimestamp(text: string): number {
  const day = TIMESTAMP.exec(text)?.[1];
  if (day === undefined) return Number.NaN;
  // `Date.parse` takes the 30th of February for the 2nd of March.
  const midnight = Date.parse(`${day}T00:00:00Z`);
  const isDay = !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
  return isDay ? Date.parse(text) : Number.NaN;
}

/** What is wrong with a value that `readMoment` can't read. */
const NO_TIME = 'Expected a time in Unix milliseconds, or as RFC 3339 with its zone';

/** A moment, null or absent. An empty text is null. */
export const time = v.optional(
  v.pipe(
    v.unknown(),
    v.rawTransform<unknown, Date | null>(({ dataset: { value }, addIssue, NEVER }) => {
      if (value === null || value === '') return null;
      const moment = readMoment(value);
      if (moment !== undefined) return moment;
      addIssue({ message: NO_TIME });
      return NEVER;
    }),
  ),
);

/** An object with these properties. Others are dropped. Valibot's own would take a list for one. */
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

/**
 * Finds the properties that we do not know, so that nothing is lost when Clerk adds one. Type tags (`object`) are left
 * out: the table says what a row is.
 */
export function findExtra(
  sent: Readonly<Record<string, unknown>>,
  known: ReadonlySet<string>,
): Record<string, unknown> {
  const unknown: [string, unknown][] = [];
  for (const key of Object.keys(sent)) {
    if (!known.has(key) && key !== 'object') unknown.push([key, sent[key]]);
  }
  // Unlike an assignment, this makes a key `__proto__` a key like any other.
  return Object.fromEntries(unknown);
}
