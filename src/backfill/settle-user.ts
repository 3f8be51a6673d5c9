import type { ObservedUser } from '../clerk/api/clerk-api.ts';
import { type ApiObservation, makeApiEntry } from '../sync/entries/make-api-entry.ts';
import { type Settled, type SettleOptions, settleOne } from '../sync/settle-batch.ts';
import { makeRunId } from '../walk/run-id.ts';

/** Says by which call, and for which instance, something was observed. */
export function makeObservation(observedAt: Date, instanceId: string | null): ApiObservation {
  return { origin: 'sync-user', runId: makeRunId('sync-user', observedAt), instanceId, observedAt };
}

/** Applies what Clerk says of one user, through the one write path. */
export async function settleUser(
  settle: SettleOptions,
  { user, observedAt }: ObservedUser,
  instanceId: string | null,
): Promise<Settled> {
  return settleOne(settle, makeApiEntry(user, makeObservation(observedAt, instanceId)));
}
