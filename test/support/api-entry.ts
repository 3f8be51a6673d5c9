import { readApiUser } from '../../src/clerk/api/api-user.ts';
import { parseJson } from '../../src/clerk/json/parse-json.ts';
import { type ApiObservation, makeApiEntry } from '../../src/sync/batch-entry.ts';
import { getRead } from './get-read.ts';
import { EPOCH_MS } from './user-event.ts';

export interface ApiEntryOptions extends Partial<Omit<ApiObservation, 'observedAt'>> {
  /** Milliseconds since `EPOCH_MS`: when Clerk was asked. */
  readonly at?: number;
}

/** What the Backend API serves as one user, written as an object or as its text, as the write path takes it. */
export function makeObservedEntry(served: unknown, { at = 0, ...observation }: ApiEntryOptions = {}) {
  const text = typeof served === 'string' ? served : JSON.stringify(served);
  return makeApiEntry(readApiUser(getRead(parseJson(text)).value), makeObservation({ at, ...observation }));
}

/** A backfill that asks at `EPOCH_MS`, where nothing else is said. */
export function makeObservation({ at = 0, ...observation }: ApiEntryOptions = {}): ApiObservation {
  return {
    origin: 'backfill',
    runId: 'backfill_1',
    instanceId: 'ins_1',
    observedAt: new Date(EPOCH_MS + at),
    ...observation,
  };
}
