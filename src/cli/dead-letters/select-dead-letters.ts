import type { Session } from '../../db/pool.ts';
import type { DeadLetter } from '../../dead-letters/dead-letter.ts';
import { countDeadLetters, type DeadLetterFilter, findDeadLetters } from '../../dead-letters/find-dead-letters.ts';
import { findUnknownValues, type UnknownValue } from '../../dead-letters/find-unknown-values.ts';
import { OperatorError } from '../../errors.ts';
import { generalizePath } from '../../sync/statements/keep-letters.ts';
import { findSimilar, suggestSimilar } from '../output/suggest-similar.ts';

/** The filter options of the command line; those with a list match any of its values. */
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

/** What `replay` and `discard` are to work on. */
export interface SelectionOptions extends FilterOptions {
  all?: boolean;
}

/** Letters, the oldest first, and how many there are when the limit does not count. */
export interface Selection {
  letters: DeadLetter[];
  matching: number;
}

/** How `--path` names letters that failed nowhere in particular: as tables show them. */
const NO_PATH = '-';

/**
 * The filter that the options mean. Open letters are the ones that wait for somebody.
 *
 * @throws {OperatorError} for a value that no letter can have: nothing would match, and look as if nothing waited.
 */
export async function readFilter(session: Session, options: FilterOptions): Promise<DeadLetterFilter> {
  const { origin, type, reason, path, user, since, until, state, limit } = options;
  if (since !== undefined && until !== undefined && since >= until) {
    throw new OperatorError('usage', '--since must be before --until.', { exitCode: 2 });
  }
  const filter: DeadLetterFilter = {
    states: state ?? ['open'],
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

/** A path may be right though no letter has it: only one that looks misspelt is refused. */
function refuseUnknown({ part, value, known }: UnknownValue): void {
  if (part === 'paths' && findSimilar(value, known) === undefined) return;
  throw new OperatorError('usage', `No dead letter has the ${OPTIONS[part]} ${value}.${suggestSimilar(value, known)}`, {
    hint: part === 'paths' ? '`clerk-sync dead-letters summary` shows all paths.' : `Give one of ${known.join(', ')}.`,
    exitCode: 2,
  });
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
  const { states, ...filter } = await readFilter(session, options);
  if (ids.length === 0) return readSelection(session, { ...filter, ...(states && { states }) });
  const known = await findDeadLetters(session, { ids });
  const unknown = ids.filter((id) => !known.some((letter) => letter.message_id === id));
  if (unknown.length > 0) {
    throw new OperatorError('dead_letter_not_found', `No dead letter has the id ${unknown.join(', ')}.`, {
      hint: 'Nothing was changed. `clerk-sync dead-letters list` shows those that are open.',
    });
  }
  return readSelection(session, { ...filter, ids, ...(options.state && states && { states }) });
}

/**
 * Everything at once must be asked for, never come from a forgotten argument.
 *
 * @throws {OperatorError} when nothing, or two things that exclude each other, were asked for.
 */
export function assertSelective(ids: readonly string[], options: SelectionOptions): void {
  const { all = false, origin, type, reason, path, user, since, until, state } = options;
  const filtered = [origin, type, reason, path, user, since, until, state].some((value) => value !== undefined);
  if (all && ids.length > 0) throw new OperatorError('usage', 'Give ids or --all, not both.', { exitCode: 2 });
  if (all || filtered || ids.length > 0) return;
  throw new OperatorError('usage', 'Which dead letters? Give their ids, a filter such as --reason, or --all.', {
    hint: '--dry-run shows which would be taken, and changes nothing.',
    exitCode: 2,
  });
}
