import * as v from 'valibot';
import { origins, unresolvedLetterStates } from '../../drizzle/schema/codes.ts';
import type { DeadLetterFilter } from '../dead-letters/find-dead-letters.ts';
import { OperatorError } from '../errors.ts';

/** The letters of a run: all that the filter names, so it has no limit. */
export type ReplayFilter = Omit<DeadLetterFilter, 'limit' | 'after' | 'half'>;

/**
 * Freezes what a filter means now: letters that fail from now on are not in it. Only letters that nobody has resolved can be
 * replayed; without a choice they are the open ones.
 */
export function freezeFilter(filter: ReplayFilter, now: Date): ReplayFilter {
  const { states = ['open'], until = now } = filter;
  return {
    ...filter,
    states: states.filter((state) => unresolvedLetterStates.some((unresolved) => unresolved === state)),
    until: until < now ? until : now,
  };
}

/** The filter as it is stored: JSON, with its times as ISO 8601. */
export function writeReplayFilter(filter: ReplayFilter): string {
  return JSON.stringify(filter);
}

const texts = v.array(v.string());
const time = v.pipe(
  v.string(),
  v.transform((text) => new Date(text)),
  v.date(),
);

const storedFilterSchema = v.object({
  ids: v.exactOptional(texts),
  origins: v.exactOptional(v.array(v.picklist(origins))),
  types: v.exactOptional(texts),
  reasons: v.exactOptional(texts),
  paths: v.exactOptional(v.array(v.nullable(v.string()))),
  userIds: v.exactOptional(texts),
  states: v.exactOptional(v.array(v.picklist(unresolvedLetterStates))),
  error: v.exactOptional(v.string()),
  since: v.exactOptional(time),
  until: time,
});

/**
 * Reads what `writeReplayFilter` has written.
 *
 * @throws {OperatorError} for a filter that somebody has written by hand, and that is none.
 */
export function readReplayFilter(stored: unknown, runId: string): ReplayFilter {
  const { success, output } = v.safeParse(storedFilterSchema, stored);
  if (success) return output;
  throw new OperatorError('replay_run_unreadable', `The filter of the replay run ${runId} can't be read.`, {
    hint: 'Delete the row of the run from the table replay_runs, and start a new one.',
  });
}
