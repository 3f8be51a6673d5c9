import type { DeadLetterFilter } from './find-dead-letters.ts';

/** The parts of a filter that indexes have, and those for which each letter has to be read. */
export interface SplitFilter {
  readonly indexed: DeadLetterFilter;
  readonly unindexed: DeadLetterFilter;
}

/** Splits a filter. The letters of a user, or with some ids, are few: then nothing has to be searched. */
export function splitFilter({ origins, types, error, ...indexed }: DeadLetterFilter): SplitFilter {
  const others = { ...(origins && { origins }), ...(types && { types }), ...(error !== undefined && { error }) };
  const isFew = indexed.ids !== undefined || indexed.userIds !== undefined;
  return isFew ? { indexed: { ...indexed, ...others }, unindexed: {} } : { indexed, unindexed: others };
}
