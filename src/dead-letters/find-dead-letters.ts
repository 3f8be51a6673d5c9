import { and, asc, count, eq, gte, inArray, isNull, lt, or, type SQL } from 'drizzle-orm';
import { deadLetters } from '../../drizzle/schema/index.ts';
import { openDrizzle, selectColumns } from '../db/open-drizzle.ts';
import type { Session } from '../db/pool.ts';
import { OperatorError } from '../errors.ts';
import type { DeadLetter, DeadLetterState, DeadLetterWithBody } from './dead-letter.ts';

/** Which letters: each part that is given must hold, any value of its list will do. */
export interface DeadLetterFilter {
  readonly ids?: readonly string[];
  readonly origins?: readonly DeadLetter['origin'][];
  readonly types?: readonly string[];
  readonly reasons?: readonly string[];
  /** As `find-failure-path` writes them; null for letters that name no place. */
  readonly paths?: readonly (string | null)[];
  readonly userIds?: readonly string[];
  readonly states?: readonly DeadLetterState[];
  /** First failed at this time or later. */
  readonly since?: Date;
  /** First failed before this time. */
  readonly until?: Date;
  readonly limit?: number;
}

const { body, original_body: originalBody, ...listedColumns } = selectColumns(deadLetters);

/** The letters that the filter names, the longest waiting first, so that replays keep the order of events. */
export async function findDeadLetters(session: Session, filter: DeadLetterFilter): Promise<DeadLetter[]> {
  const query = openDrizzle(session)
    .select(listedColumns)
    .from(deadLetters)
    .where(toCondition(filter))
    .orderBy(asc(deadLetters.first_failed_at), asc(deadLetters.message_id));
  return filter.limit === undefined ? query : query.limit(filter.limit);
}

/** How many letters the filter names; its limit does not count. */
export async function countDeadLetters(session: Session, filter: DeadLetterFilter): Promise<number> {
  const [row] = await openDrizzle(session).select({ letters: count() }).from(deadLetters).where(toCondition(filter));
  return row?.letters ?? 0;
}

/** @throws {OperatorError} when there is no letter with this id. */
export async function getDeadLetter(session: Session, messageId: string): Promise<DeadLetterWithBody> {
  const [letter] = await openDrizzle(session)
    .select({ ...listedColumns, body, original_body: originalBody })
    .from(deadLetters)
    .where(eq(deadLetters.message_id, messageId));
  if (letter !== undefined) return letter;
  throw new OperatorError('dead_letter_not_found', `There is no dead letter with the id ${messageId}.`, {
    hint: '`clerk-sync dead-letters list --state open,replayed,discarded` shows all there are.',
  });
}

/** The filter as SQL; its limit is left to the statement. */
export function toCondition({
  ids,
  origins,
  types,
  reasons,
  paths,
  userIds,
  states,
  since,
  until,
}: DeadLetterFilter): SQL | undefined {
  return and(
    ids && inArray(deadLetters.message_id, [...ids]),
    origins && inArray(deadLetters.origin, [...origins]),
    types && inArray(deadLetters.event_type, [...types]),
    reasons && inArray(deadLetters.reason, [...reasons]),
    paths && matchPaths(paths),
    userIds && inArray(deadLetters.user_id, [...userIds]),
    states && inArray(deadLetters.state, [...states]),
    since && gte(deadLetters.first_failed_at, since),
    until && lt(deadLetters.first_failed_at, until),
  );
}

function matchPaths(paths: readonly (string | null)[]): SQL | undefined {
  const named = inArray(
    deadLetters.path,
    paths.filter((path) => path !== null),
  );
  return paths.includes(null) ? or(isNull(deadLetters.path), named) : named;
}
