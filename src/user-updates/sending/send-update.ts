import type { Attempt, SendScene, Stop } from './attempt.ts';
import { beginAttempt } from './attempt.ts';
import { look, makeCalls } from './calls/make-calls.ts';
import { planPrimaryEmail } from './calls/plan-primary-email.ts';
import { planSteps } from './calls/plan-steps.ts';
import type { ClaimedUpdate } from './claimed-update.ts';

/** An attempt that has ended, to be written. */
export type EndedAttempt = Attempt & { readonly stop: Stop };

/**
 * Makes one attempt at a request: looks, and makes the calls that are left. No transaction is open while Clerk is asked.
 * Everything that Clerk can answer is an end of the attempt.
 *
 * @throws {DatabaseUnavailableError} where the beginning of a call can't be recorded: then it is not made.
 */
export async function sendUpdate(scene: SendScene, update: ClaimedUpdate): Promise<EndedAttempt> {
  const attempt = beginAttempt(update);
  const stop = await (update.action === 'set_primary_email'
    ? sendPrimaryEmail(scene, attempt)
    : makeCalls(scene, attempt, planSteps(update)));
  return Object.assign(attempt, { stop: stop ?? SUCCEEDED });
}

const SUCCEEDED: Stop = { ending: { state: 'succeeded' } };

async function sendPrimaryEmail(scene: SendScene, attempt: Attempt): Promise<Stop | undefined> {
  const stop = await look(scene, attempt);
  if (stop !== undefined || attempt.observed === undefined) return stop;
  const before = attempt.calls;
  const failure = await makeCalls(scene, attempt, planPrimaryEmail(attempt, attempt.observed.user));
  // The answers hold no user. Where this fails, the webhook tells.
  if (attempt.calls !== before) await look(scene, attempt);
  return failure;
}
