import type { UserChanges } from '../../clerk/api/change-user.ts';
import type { ClerkApi, ObservedUser } from '../../clerk/api/clerk-api.ts';
import type { Pool } from '../../db/pool.ts';
import type { ClaimedUpdate, UpdateCall } from './claimed-update.ts';
import { createUserLimit, type UserLimit } from './limits/limit-user.ts';
import type { Ending } from './settle-update.ts';

/** What it takes to send requests. */
export interface SendScene {
  /** Asks once, and gives up at once: what fails is tried again with the whole request. */
  readonly api: Pick<ClerkApi, 'getUser'>;
  readonly changes: UserChanges;
  readonly pool: Pool;
  /** Until when nobody else takes a request over; longer than a call can take. */
  readonly leaseMs: number;
  /** How long one call can take. */
  readonly requestMs: number;
  /** True once the process is asked to stop: the call that is under way is the last. */
  readonly isStopping: () => boolean;
  /** Told of each call, once it has ended. */
  readonly onCall: (call: Pick<UpdateCall, 'call' | 'outcome'>) => void;
}

/** What the process does beside writing the end of the attempt. */
export type Halt =
  /** Clerk does not accept the key: nothing is sent by this process for a while. */
  | { readonly kind: 'unauthorized' }
  /** Clerk asks to wait. `isUsers`: the call counts for the user's own limit, too, which may be the one that is meant. */
  | { readonly kind: 'rate_limited'; readonly ms: number; readonly isUsers: boolean };

/**
 * Why an attempt ends here. `lost`: another process has taken the request over, or the request was removed. Then nothing is
 * to be written.
 */
export type Stop = { readonly ending: Ending; readonly halt?: Halt } | 'lost';

/** An attempt under way: what it has come to so far. */
export interface Attempt {
  readonly update: ClaimedUpdate;
  readonly limit: UserLimit;
  calls: readonly UpdateCall[];
  /** How many calls were made, of those that the claim has taken from the instance's limit. */
  made: number;
  /** The user as Clerk had it last. */
  observed: ObservedUser | undefined;
  /** Whether Clerk has applied a call of the request since the last attempt: then `observed` is its answer. */
  isApplied: boolean;
  /** When Clerk was asked to delete the user, and did. */
  deletedAt: Date | undefined;
}

/** Begins an attempt at a request that was claimed. */
export function beginAttempt(update: ClaimedUpdate): Attempt {
  const { calls, recentCallsMs } = update;
  const limit = createUserLimit(recentCallsMs);
  return { update, limit, calls, made: 0, observed: undefined, isApplied: false, deletedAt: undefined };
}
