import { letterStates, origins, unresolvedLetterStates } from '../../../../drizzle/schema/codes.ts';
import type { DeadLetterFilter, LetterPosition } from '../../../dead-letters/find-dead-letters.ts';
import { generalizePath } from '../../../sync/statements/keep-letters.ts';
import { readPlace, writePlace } from '../../filters/page-place.ts';
import type { Inputs } from '../../filters/query.ts';

/** What can be chosen as state. `unresolved`: open or queued. */
const STATES = ['unresolved', ...letterStates, 'all'] as const;

/** For letters that name no path, as on the command line. */
export const NO_PATH = '-';

/** A filter as it stands in a URL. */
export type LetterQuery = Readonly<
  Partial<Record<'type' | 'reason' | 'path' | 'user' | 'error' | 'origin' | 'state' | 'since' | 'until', string>>
>;

/** Reads which letters are meant. Without a state they are the unresolved ones. */
export function readLetterFilter(query: Inputs): { readonly filter: DeadLetterFilter; readonly values: LetterQuery } {
  const [type, reason, path, user, error] = ['type', 'reason', 'path', 'user', 'error'].map(query.text);
  const state = query.choice('state', STATES);
  const origin = query.choice('origin', origins);
  const since = query.time('since');
  const until = query.time('until');
  const values = { type, reason, path, user, error, origin, state, since: writeTime(since), until: writeTime(until) };
  return {
    filter: {
      ...listStates(state),
      ...(type !== undefined && { types: [type] }),
      ...(reason !== undefined && { reasons: [reason] }),
      ...(path !== undefined && { paths: [path === NO_PATH ? null : generalizePath(path)] }),
      ...(user !== undefined && { userIds: [user] }),
      ...(error !== undefined && { error }),
      ...(origin !== undefined && { origins: [origin] }),
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
    },
    values: Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)),
  };
}

/** Reads after which letter a page of the list begins. Undefined for the first page, and for a time that is none. */
export function readLetterPlace(query: Pick<Inputs, 'text'>): LetterPosition | undefined {
  const place = readPlace(query, 'after');
  const time = new Date(place?.time ?? Number.NaN);
  return place === undefined || Number.isNaN(time.getTime()) ? undefined : { firstFailedAt: time, messageId: place.id };
}

/** Writes what `readLetterPlace` reads. */
export function writeLetterPlace({ firstFailedAt, messageId }: LetterPosition): string {
  return writePlace({ time: firstFailedAt.toISOString(), id: messageId });
}

function listStates(state: (typeof STATES)[number] = 'unresolved'): Pick<DeadLetterFilter, 'states'> {
  if (state === 'all') return {};
  return { states: state === 'unresolved' ? unresolvedLetterStates : [state] };
}

/** A time as `readQuery` reads it, and as `<input type="datetime-local">` takes it. */
export function writeTime(time: Date | undefined): string | undefined {
  return time?.toISOString().replace(/(?::00)?(?:\.000)?Z$/, '');
}
