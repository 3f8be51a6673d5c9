import { sql } from 'drizzle-orm';
import { isOneOf } from '../../drizzle/schema/clerk-schema.ts';
import { isUnresolved, type LetterState, letterStates, unresolvedLetterStates } from '../../drizzle/schema/codes.ts';
import { deadLetters } from '../../drizzle/schema/messages.ts';
import type { Pool } from '../db/pool.ts';
import { COMPILE_NOTHING } from '../db/sql/compile-nothing.ts';
import { defineStatement } from '../db/sql/define-statement.ts';
import { makeQuery } from '../db/sql/make-query.ts';
import { withCountedCauses } from './count-causes.ts';

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

/** Named, so that the index leads to them past those that are not resolved. */
const resolvedStates = letterStates.filter((state) => !isUnresolved(state));

/** Every process counts at every scrape, and 100,000 letters are as bad as a million. */
const MOST_OF_CAUSE = 100_000;

const makeOpenQuery = () =>
  makeQuery(sql`${withCountedCauses({ states: unresolvedLetterStates }, MOST_OF_CAUSE)}
  select state, reason, sum(count)::int as count,
    extract(epoch from now() - min(first_failed_at))::float8 as "oldestAgeSeconds"
  from counted group by state, reason order by state, reason`);

const COUNT_RESOLVED = defineStatement(
  'count resolved dead letters',
  sql`
  select ${deadLetters.state}, ${deadLetters.reason}, count(*)::int as count
  from ${deadLetters} where ${isOneOf(deadLetters.state, resolvedStates)}
  group by ${deadLetters.state}, ${deadLetters.reason} order by ${deadLetters.state}, ${deadLetters.reason}`,
);

/**
 * Counts what is not resolved, by state and reason. It is for the metrics, so of each cause it counts up to 100,000 letters, the
 * oldest ones, and it gives up after two seconds.
 */
export function countOpenDeadLetters(pool: Pool): Promise<OpenDeadLetters[]> {
  return pool.withTransaction(
    async (session) => {
      await session.run(COMPILE_NOTHING);
      return session.run<OpenDeadLetters>(makeOpenQuery());
    },
    { timeoutMs: 2000 },
  );
}

/** There may be millions of them. */
const RESOLVED_LIMIT_MS = 5000;

/** Counts what is resolved, by state and reason. It fails if that takes longer than five seconds. */
export function countResolvedDeadLetters(pool: Pool): Promise<CountedDeadLetters[]> {
  return pool.withTransaction((session) => session.run<CountedDeadLetters>(COUNT_RESOLVED), {
    timeoutMs: RESOLVED_LIMIT_MS,
  });
}
