import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';

/**
 * SQL for a moment as the text of Unix milliseconds. Settings such as `datestyle` and `timezone` change other forms, but not
 * this one. Every statement reads times like this, and `readTime` makes a `Date` of them. Times are written as ISO 8601 with a
 * Z, which no setting changes either.
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

/** SQL for a moment, from a parameter that has what `epochMs` has read. It keeps microseconds. */
export function fromEpochMs(parameter: string): string {
  return `to_timestamp(${parameter}::text::numeric / 1000)`;
}

/** Reads what `epochMs` has selected. */
export function readTime(text: string): Date;
export function readTime(text: string | null): Date | null;
export function readTime(text: string | null): Date | null {
  return text === null ? null : new Date(Number(text));
}
