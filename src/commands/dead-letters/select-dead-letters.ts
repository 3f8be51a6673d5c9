import type { Session } from '../../db/pool.ts';
import type { DeadLetter, DeadLetterState } from '../../dead-letters/dead-letter.ts';
import { countDeadLetters, type DeadLetterFilter, findDeadLetters } from '../../dead-letters/find-dead-letters.ts';
import { OperatorError } from '../../errors.ts';

/** The filter options of the command line; those with a list match any of its values. */
export interface FilterOptions {
  origin?: DeadLetter['origin'][];
  type?: string[];
  reason?: string[];
  user?: string[];
  since?: Date;
  until?: Date;
  state?: DeadLetterState[];
  limit?: number;
}

/** What `replay` and `discard` are to work on. */
export interface SelectionOptions extends FilterOptions {
  all?: boolean;
}

/** Letters, the oldest first, and how many there are when the limit does not count. */
export interface Selection {
  letters: DeadLetter[];
  matching: number;
}

/** The filter that the options mean. Open letters are the ones that wait for somebody. */
export function toFilter(options: FilterOptions): DeadLetterFilter {
  const { origin, type, reason, user, since, until, state, limit } = options;
  return {
    states: state ?? ['open'],
    ...(origin && { origins: origin }),
    ...(type && { types: type }),
    ...(reason && { reasons: reason }),
    ...(user && { userIds: user }),
    ...(since && { since }),
    ...(until && { until }),
    ...(limit !== undefined && { limit }),
  };
}

/** Reads the letters of a filter and counts them. */
export async function readSelection(session: Session, filter: DeadLetterFilter): Promise<Selection> {
  const letters = await findDeadLetters(session, filter);
  const complete = filter.limit === undefined || letters.length < filter.limit;
  return { letters, matching: complete ? letters.length : await countDeadLetters(session, filter) };
}

/**
 * Reads the letters to change: those with the ids, or all that a filter names. An id names a letter in whatever state it
 * is, so that the answer can say so.
 *
 * @throws {OperatorError} for an id that no letter has.
 */
export async function selectDeadLetters(
  session: Session,
  ids: readonly string[],
  options: SelectionOptions,
): Promise<Selection> {
  if (ids.length === 0) return readSelection(session, toFilter(options));
  const { states, ...filter } = toFilter(options);
  const known = await findDeadLetters(session, { ids });
  const unknown = ids.filter((id) => !known.some((letter) => letter.message_id === id));
  if (unknown.length > 0) {
    throw new OperatorError('dead_letter_not_found', `No dead letter has the id ${unknown.join(', ')}.`, {
      hint: 'Nothing was changed. `dead-letters list` shows those that are open.',
    });
  }
  return readSelection(session, { ...filter, ids, ...(options.state && states && { states }) });
}

/**
 * Everything at once must be asked for, never come from a forgotten argument.
 *
 * @throws {OperatorError} when nothing, or two things that exclude each other, were asked for.
 */
export function assertSelective(
  ids: readonly string[],
  { all = false, limit: _limit, ...filters }: SelectionOptions,
): void {
  const { origin, type, reason, user, since, until, state } = filters;
  const filtered = [origin, type, reason, user, since, until, state].some((value) => value !== undefined);
  if (all && ids.length > 0) throw new OperatorError('usage', 'Give ids or --all, not both.', { exitCode: 2 });
  if (all || filtered || ids.length > 0) return;
  throw new OperatorError('usage', 'Which dead letters? Give their ids, a filter such as --reason, or --all.', {
    hint: '--dry-run shows which would be taken, and changes nothing.',
    exitCode: 2,
  });
}
