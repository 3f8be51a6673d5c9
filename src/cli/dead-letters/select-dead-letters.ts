import { unresolvedLetterStates } from '../../../drizzle/schema/codes.ts';
import type { Session } from '../../db/pool.ts';
import { COUNT_ALL } from '../../dead-letters/count-causes.ts';
import type { DeadLetter } from '../../dead-letters/dead-letter.ts';
import { type DeadLetterFilter, findDeadLetters } from '../../dead-letters/find-dead-letters.ts';
import { findUnknownValues, type UnknownValue } from '../../dead-letters/find-unknown-values.ts';
import { countDeadLetters } from '../../dead-letters/summarize-dead-letters.ts';
import { OperatorError, usageError } from '../../errors.ts';
import { generalizePath } from '../../sync/statements/keep-letters.ts';
import { findSimilar, suggestSimilar } from '../output/suggest-similar.ts';
import { assertPeriod, assertSelected } from '../program/assert-selected.ts';

/** The filter options of the command line. A list matches any of its values. */
export interface FilterOptions {
  origin?: DeadLetter['origin'][];
  type?: string[];
  reason?: string[];
  path?: string[];
  user?: string[];
  since?: Date;
  until?: Date;
  state?: DeadLetter['state'][];
  limit?: number;
}

/** The letters that `replay` and `discard` take. */
export interface SelectionOptions extends FilterOptions {
  all?: boolean;
}

/** Letters, the oldest first, and how many there are without the limit. */
export interface Selection {
  letters: DeadLetter[];
  matching: number;
}

/** How `--path` names letters without a path: as tables show them. */
const NO_PATH = '-';

/**
 * The filter that the options mean. Without `--state` it selects letters that nobody has resolved.
 *
 * @throws {OperatorError} for a value that no letter can have: an empty list would look as if there was nothing to do.
 */
export async function readFilterOptions(session: Session, options: FilterOptions): Promise<DeadLetterFilter> {
  const { origin, type, reason, path, user, since, until, state, limit } = options;
  assertPeriod(options);
  const filter: DeadLetterFilter = {
    states: state ?? unresolvedLetterStates,
    ...(origin && { origins: origin }),
    ...(type && { types: type }),
    ...(reason && { reasons: reason }),
    ...(path && { paths: path.map((one) => (one === NO_PATH ? null : generalizePath(one))) }),
    ...(user && { userIds: user }),
    ...(since && { since }),
    ...(until && { until }),
    ...(limit !== undefined && { limit }),
  };
  for (const unknown of await findUnknownValues(session, filter)) refuseUnknown(unknown);
  return filter;
}

const OPTIONS = { types: '--type', reasons: '--reason', paths: '--path' };

/** A path can be right although no letter has it: only one that looks misspelt is refused. */
function refuseUnknown({ part, value, known }: UnknownValue): void {
  if (part === 'paths' && findSimilar(value, known) === undefined) return;
  throw usageError(
    `No dead letter has the ${OPTIONS[part]} ${value}.${suggestSimilar(value, known)}`,
    part === 'paths' ? '`clerk-sync dead-letters summary` shows all paths.' : `Give one of ${known.join(', ')}.`,
  );
}

/** Reads the letters of a filter and counts them. */
export async function readSelection(session: Session, filter: DeadLetterFilter): Promise<Selection> {
  const letters = await findDeadLetters(session, filter);
  const complete = filter.limit === undefined || letters.length < filter.limit;
  if (complete) return { letters, matching: letters.length };
  return { letters, matching: (await countDeadLetters(session, filter, COUNT_ALL)).count };
}

/**
 * Reads the letters to change: those with the ids, or all that the filter selects. An id selects a letter in any state, so
 * that the answer can say if it is closed.
 *
 * @throws {OperatorError} for an id that no letter has.
 */
export async function selectDeadLetters(
  session: Session,
  ids: readonly string[],
  options: SelectionOptions,
): Promise<Selection> {
  const { states, ...filter } = await readFilterOptions(session, options);
  if (ids.length === 0) return readSelection(session, { ...filter, ...(states && { states }) });
  const known = await findDeadLetters(session, { ids });
  const unknown = ids.filter((id) => !known.some((letter) => letter.message_id === id));
  if (unknown.length > 0) {
    throw new OperatorError('dead_letter_not_found', `No dead letter has the id ${unknown.join(', ')}.`, {
      hint: 'Nothing was changed. `clerk-sync dead-letters list` shows the open ones.',
    });
  }
  return readSelection(session, { ...filter, ids, ...(options.state && states && { states }) });
}

/**
 * All letters are taken only with `--all`, never because an argument was forgotten.
 *
 * @throws {OperatorError} if nothing was asked for, or both ids and `--all`.
 */
export function assertSelective(ids: readonly string[], options: SelectionOptions): void {
  const { all, origin, type, reason, path, user, since, until, state } = options;
  const filters = [origin, type, reason, path, user, since, until, state];
  assertSelected({ ids, all, filters, what: 'dead letters' });
}
