import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';

/**
 * SQL for a moment as the text of Unix milliseconds. No setting of a database changes the form, as `datestyle`,
 * `timezone` and `extra_float_digits` do with others. Each statement that reads a time reads it so, and `readTime` makes a
 * `Date` of it; times that are written are ISO 8601 with a Z, which Postgres reads one way.
 *
 * @param moment an expression of the type `timestamptz`.
 */
export function epochMs(moment: string): string;
export function epochMs(moment: SQLWrapper): SQL;
export function epochMs(moment: string | SQLWrapper): string | SQL {
  return typeof moment === 'string'
    ? `(extract(epoch from ${moment}) * 1000)::text`
    : sql`(extract(epoch from ${moment}) * 1000)::text`;
}

/** SQL for the moment that a parameter names, which is what `epochMs` has read, to the microsecond. */
export function fromEpochMs(parameter: string): string {
  return `to_timestamp(${parameter}::text::numeric / 1000)`;
}

/** What `epochMs` has read. */
export function readTime(text: string): Date;
export function readTime(text: string | null): Date | null;
export function readTime(text: string | null): Date | null {
  return text === null ? null : new Date(Number(text));
}
