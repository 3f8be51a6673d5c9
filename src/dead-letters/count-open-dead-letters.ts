import { sql } from 'drizzle-orm';
import { isOneOf } from '../../drizzle/schema/clerk-schema.ts';
import { unresolvedLetterStates } from '../../drizzle/schema/codes.ts';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import type { Pool } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

/** The dead letters of one reason that nobody has resolved: the open ones and the queued ones. */
export interface OpenDeadLetters {
  readonly reason: string;
  readonly count: number;
  /** Since the first of them failed, by the database's clock. */
  readonly oldestAgeSeconds: number;
}

const COUNT = defineStatement(
  'count open dead letters',
  sql`
  select ${deadLetters.reason}, count(*)::int as count,
    extract(epoch from now() - min(${deadLetters.first_failed_at}))::float8 as "oldestAgeSeconds"
  from ${deadLetters} where ${isOneOf(deadLetters.state, unresolvedLetterStates)} group by ${deadLetters.reason} order by ${deadLetters.reason}`,
);

/** Counts the letters that nobody has resolved, by reason. It is for the metrics, so it gives up after two seconds. */
export function countOpenDeadLetters(pool: Pool): Promise<OpenDeadLetters[]> {
  return pool.withTransaction((session) => session.run<OpenDeadLetters>(COUNT), { timeoutMs: 2000 });
}
