import type { ChangeAnswer } from '../../../clerk/api/change-user.ts';
import type { Attempt, Stop } from '../attempt.ts';
import type { UpdateCall } from '../claimed-update.ts';
import { choosePause } from '../limits/choose-pause.ts';
import type { Ending } from '../settle-update.ts';
import { dropCall, endCall } from './call-list.ts';
import { isLimited, type Step } from './plan-steps.ts';

/** Of a 409 that Clerk's documents don't name: it may pass, and it may not. */
const MAX_UNKNOWN_CONFLICTS = 5;

/** Beside what Clerk asks for: processes that were told the same must not come together. */
const SPREAD_MS = 500;

/** Calls that have come to nothing where their object is gone, and have nothing to do then. */
const REMOVALS: ReadonlySet<UpdateCall['call']> = new Set(['delete', 'drop_email']);

/**
 * Writes what became of a call into the attempt.
 *
 * @returns why the attempt ends; undefined where it continues with the next call.
 */
export function readOutcome(attempt: Attempt, step: Step, answer: ChangeAnswer, askedAt: Date): Stop | undefined {
  const end = (status: number | null, outcome: UpdateCall['outcome']) => {
    attempt.calls = endCall(attempt.calls, step.call, { status, outcome });
    if (outcome === 'applied') attempt.isApplied = true;
  };
  const { attempt: count } = attempt.update;
  switch (answer.kind) {
    case 'user':
      end(200, 'applied');
      attempt.observed = answer;
      return undefined;
    case 'done':
      end(200, 'applied');
      if (step.call === 'delete') attempt.deletedAt = askedAt;
      return undefined;
    case 'refused':
      end(answer.status, 'refused');
      return reject(answer);
    case 'not_found':
      if (REMOVALS.has(step.call)) return void end(404, 'unchanged');
      end(404, 'refused');
      return reject(answer);
    case 'rate_limited': {
      end(429, 'rate_limited');
      const halt = { kind: 'rate_limited', ms: answer.retryAfterMs, isUsers: isLimited(step) } as const;
      return { ending: waitForLimit(answer.retryAfterMs), halt };
    }
    case 'busy':
      end(409, 'refused');
      if (answer.isKnown || countConflicts(attempt.calls) < MAX_UNKNOWN_CONFLICTS) return tryLater(count);
      return reject(answer);
    case 'unauthorized':
      end(401, 'refused');
      return stopForKey();
    case 'not_sent':
      attempt.calls = dropCall(attempt.calls, step.call);
      return tryLater(count);
    case 'unclear':
      end(answer.status, 'unclear');
      return tryLater(count);
  }
}

/** Ends an attempt that may go better later. */
export function tryLater(attempt: number): Stop {
  return { ending: { state: 'pending', afterMs: choosePause(attempt), counts: true } };
}

/** Ends an attempt that Clerk has asked to wait, which is no failure. */
export function waitForLimit(ms: number): Ending {
  return { state: 'pending', afterMs: ms + Math.random() * SPREAD_MS, counts: false };
}

/** Ends an attempt whose key is not accepted: the request is as good as before. */
export function stopForKey(): Stop {
  return { ending: { state: 'pending', afterMs: 0, counts: false }, halt: { kind: 'unauthorized' } };
}

const NOT_FOUND = { code: 'resource_not_found', message: 'Clerk has no user with this id.' };

/** Ends a request that Clerk refuses, with all that Clerk says of it. */
export function reject({
  errors,
  property,
}: Pick<Extract<ChangeAnswer, { kind: 'refused' }>, 'errors' | 'property'>): Stop {
  return { ending: { state: 'rejected', errors: errors.length === 0 ? [NOT_FOUND] : errors, property } };
}

/** Ends a request of which nobody knows whether it was applied, and which must not be sent twice. */
export function rejectAsUnknown(): Stop {
  const message =
    'Clerk gave no clear answer, and what this request orders can not be seen there. It may have been done. Look at the user at Clerk. If it was not done, make the request again.';
  return { ending: { state: 'rejected', errors: [{ code: 'outcome_unknown', message }], property: null } };
}

function countConflicts(calls: readonly UpdateCall[]): number {
  return calls.filter(({ status }) => status === 409).length;
}
