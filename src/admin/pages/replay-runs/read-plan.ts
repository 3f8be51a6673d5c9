import { unresolvedLetterStates } from '../../../../drizzle/schema/codes.ts';
import { HttpError } from '../../../http/http-error.ts';
import { assertReadable, type Inputs } from '../../filters/query.ts';
import { type LetterQuery, readLetterFilter, writeTime } from '../dead-letters/letter-filter.ts';

/**
 * The letters of a run. Its end is fixed when the plan is first shown, so that the run replays what was previewed.
 *
 * @throws {HttpError} 400 for a filter that can't be read, or of letters that are resolved.
 */
export function readPlan(query: Inputs): ReturnType<typeof readLetterFilter> {
  const { filter, values } = readLetterFilter(query);
  assertReadable(query);
  const until = filter.until ?? new Date();
  const states = unresolvedLetterStates.filter((state) => filter.states?.includes(state) ?? true);
  if (states.length === 0) {
    throw new HttpError(
      400,
      'nothing_to_replay',
      'Only open and queued letters can be replayed. Choose another state.',
    );
  }
  const end: LetterQuery = { ...values, ...(values.until === undefined && { until: writeTime(until) ?? '' }) };
  return { filter: { ...filter, states, until }, values: end };
}
