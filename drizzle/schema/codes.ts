/** What became of a message that was settled, as the ledger records it. A duplicate has no row of its own. */
export const recordedOutcomes = ['applied', 'stale', 'ignored', 'dead_letter'] as const;
/** One of `recordedOutcomes`. */
export type RecordedOutcome = (typeof recordedOutcomes)[number];

/**
 * What became of one delivery. `stale` and `duplicate` are successes: the tables already say what the event says, or
 * something newer.
 */
export type Outcome = RecordedOutcome | 'duplicate';

/** Where something to settle comes from: a delivery, or whoever read the user from the Backend API. */
export const origins = ['webhook', 'backfill', 'reconcile', 'sync-user', 'user-update'] as const;
/** One of `origins`. */
export type Origin = (typeof origins)[number];

/** The states of a dead letter. A queued letter waits for the running service, which replays it within seconds. */
export const letterStates = ['open', 'queued', 'replayed', 'discarded'] as const;
/** One of `letterStates`. */
export type LetterState = (typeof letterStates)[number];

/** The states of letters that nobody has resolved: a replay or a resend tries them again. */
export const unresolvedLetterStates = ['open', 'queued'] as const satisfies readonly LetterState[];

/** True for a letter that waits for a replay, for an operator or for a resend. */
export function isUnresolved(state: LetterState): boolean {
  return unresolvedLetterStates.some((unresolved) => unresolved === state);
}

/** The states of a backfill, a reconcile or a replay run. */
export const runStates = ['running', 'finished', 'stopped', 'failed'] as const;
/** One of `runStates`. */
export type RunState = (typeof runStates)[number];

/** Which users a reconcile asks for: those whom Clerk has changed since the last run, or all. */
export const runKinds = ['incremental', 'full'] as const;
/** One of `runKinds`. */
export type RunKind = (typeof runKinds)[number];

/** The kinds of drift that no run repairs: they stay until somebody does something, or accepts them. */
export const acknowledgeableKinds = ['newer_here', 'deleted_here', 'other_instance'] as const;
/** One of `acknowledgeableKinds`. */
export type AcknowledgeableKind = (typeof acknowledgeableKinds)[number];

/** The states of a request to change a user, in the order in which it passes through them. */
export const updateStates = ['pending', 'sending', 'succeeded', 'rejected', 'cancelled'] as const;

/** What a request to change a user asks Clerk to do. */
export const updateActions = ['update', 'ban', 'unban', 'lock', 'unlock', 'delete', 'set_primary_email'] as const;

/** What somebody who has signed in to the operator's page may do: all of it, or only look. */
export const adminRoles = ['operator', 'reader'] as const;
/** One of `adminRoles`. */
export type AdminRole = (typeof adminRoles)[number];
