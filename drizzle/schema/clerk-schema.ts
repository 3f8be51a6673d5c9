import { sql } from 'drizzle-orm';
import { jsonb, type PgColumn, pgSchema, text, timestamp } from 'drizzle-orm/pg-core';

/** Everything clerk-sync owns lives here; nothing is ever created in `public`. */
export const clerk = pgSchema('clerk');

/** A moment; Clerk's Unix milliseconds are stored as `timestamptz`. */
export const time = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

/** Properties that Clerk sends and no column holds yet. */
export const extra = () => jsonb('extra').$type<Record<string, unknown>>().notNull().default({});

/** The verification object as sent, and beside it the two parts that people filter by. */
export const verificationColumns = () => ({
  verification: jsonb('verification'),
  verification_status: text('verification_status'),
  verification_strategy: text('verification_strategy'),
});

/** The condition of a check: the column holds one of the codes. */
export const isOneOf = (column: PgColumn, codes: readonly string[]) =>
  sql`${column} in (${sql.raw(codes.map((code) => `'${code}'`).join(', '))})`;
