import { sql } from 'drizzle-orm';
import { isOneOf } from '../../drizzle/schema/clerk-schema.ts';
import { type LetterState, unresolvedLetterStates } from '../../drizzle/schema/codes.ts';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import type { Pool } from '../db/pool.ts';
import { defineStatement } from '../db/sql/define-statement.ts';

/** Dead letters of one reason in one state. */
export interface CountedDeadLetters {
  readonly state: LetterState;
  readonly reason: string;
  readonly count: number;
}

/** Those that are not resolved. */
export interface OpenDeadLetters extends CountedDeadLetters {
  /** Since the first of them failed, by the database's clock. */
  readonly oldestAgeSeconds: number;
}

const isUnresolved = isOneOf(deadLetters.state, unresolvedLetterStates);

const COUNT_OPEN = defineStatement(
  'count open dead letters',
  sql`
  select ${deadLetters.state}, ${deadLetters.reason}, count(*)::int as count,
    extract(epoch from now() - min(${deadLetters.first_failed_at}))::float8 as "oldestAgeSeconds"
  from ${deadLetters} where ${isUnresolved}
  group by ${deadLetters.state}, ${deadLetters.reason} order by ${deadLetters.state}, ${deadLetters.reason}`,
);

const COUNT_RESOLVED = defineStatement(
  'count resolved dead letters',
  sql`
  select ${deadLetters.state}, ${deadLetters.reason}, count(*)::int as count
  from ${deadLetters} where not ${isUnresolved}
  group by ${deadLetters.state}, ${deadLetters.reason} order by ${deadLetters.state}, ${deadLetters.reason}`,
);

/** Counts what is not resolved, by state and reason. It is for the metrics, so it gives up after two seconds. */
export function countOpenDeadLetters(pool: Pool): Promise<OpenDeadLetters[]> {
  return pool.withTransaction((session) => session.run<OpenDeadLetters>(COUNT_OPEN), { timeoutMs: 2000 });
}

/** There may be millions of them. */
const RESOLVED_LIMIT_MS = 5000;

/** Counts what is resolved, by state and reason. It fails if that takes longer than five seconds. */
export function countResolvedDeadLetters(pool: Pool): Promise<CountedDeadLetters[]> {
  return pool.withTransaction(
    async (session) => {
      await session.run(`select set_config('statement_timeout', $1, true)`, [String(RESOLVED_LIMIT_MS)]);
      return session.run<CountedDeadLetters>(COUNT_RESOLVED);
    },
    { timeoutMs: RESOLVED_LIMIT_MS + 1000 },
  );
}
