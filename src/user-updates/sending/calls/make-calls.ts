import { ClerkApiError } from '../../../clerk/api/clerk-api-error.ts';
import type { Attempt, SendScene, Stop } from '../attempt.ts';
import { recordBeginning } from '../settle-update.ts';
import { addCall, endCall, findOutcome } from './call-list.ts';
import { isLimited, listOpenSteps, needsLook, type Step } from './plan-steps.ts';
import { readOutcome, reject, rejectAsUnknown, stopForKey, tryLater, waitForLimit } from './read-outcome.ts';

/** Clerk's windows last ten seconds. */
const USUAL_WAIT_MS = 10_000;

/**
 * Makes the calls that are not done yet, one after the other.
 *
 * @returns why the attempt ends; undefined where all are done.
 */
export async function makeCalls(scene: SendScene, attempt: Attempt, steps: readonly Step[]): Promise<Stop | undefined> {
  for (const step of listOpenSteps(steps, attempt.calls)) {
    const stop = (await seeWhetherDone(scene, attempt, step)) ?? (await makeCall(scene, attempt, step));
    if (stop !== 'done' && stop !== undefined) return stop;
  }
  return undefined;
}

/**
 * Asks Clerk for the user.
 *
 * @returns why the attempt ends; undefined where `attempt.observed` is the user.
 */
export async function look(scene: SendScene, attempt: Attempt): Promise<Stop | undefined> {
  const { userId, attempt: count } = attempt.update;
  attempt.made += 1;
  try {
    attempt.observed = await scene.api.getUser(userId);
    return attempt.observed === undefined ? reject({ errors: [], property: null }) : undefined;
  } catch (error) {
    if (scene.isStopping()) return NOT_NOW;
    if (!(error instanceof ClerkApiError)) throw error;
    if (error.code === 'unauthorized') return stopForKey();
    if (error.code !== 'rate_limited') return tryLater(count);
    const ms = error.retryAfterMs ?? USUAL_WAIT_MS;
    return { ending: waitForLimit(ms), halt: { kind: 'rate_limited', ms, isUsers: false } };
  }
}

/** The process stops: the request is the next one's. */
const NOT_NOW: Stop = { ending: { state: 'pending', afterMs: 0, counts: false } };

/** @returns undefined where the call is to be made. */
async function seeWhetherDone(scene: SendScene, attempt: Attempt, step: Step): Promise<Stop | 'done' | undefined> {
  if (scene.isStopping()) return NOT_NOW;
  const { force } = attempt.update;
  if (!needsLook(step, { force, calls: attempt.calls })) return undefined;
  const stop = attempt.observed === undefined ? await look(scene, attempt) : undefined;
  if (stop !== undefined || attempt.observed === undefined) return stop;
  const last = attempt.calls.findLast(({ call }) => call === step.call);
  const isUnclear = findOutcome(attempt.calls, step.call) === 'unclear';
  const found = step.check(attempt.observed.user, isUnclear ? last : undefined);
  if (found === 'applied') {
    attempt.isApplied ||= isUnclear;
    attempt.calls = isUnclear ? endCall(attempt.calls, step.call, { outcome: 'applied' }) : skip(attempt, step);
    return 'done';
  }
  return isUnclear && found === 'unknown' ? rejectAsUnknown() : undefined;
}

/** Clerk has already what is asked for: no call is made. */
function skip({ calls }: Attempt, { call, method, path }: Step) {
  return addCall(calls, { call, method, path, at: new Date().toISOString(), status: null, outcome: 'unchanged' });
}

async function makeCall(scene: SendScene, attempt: Attempt, step: Step): Promise<Stop | undefined> {
  if (isLimited(step)) {
    const ms = attempt.limit.waitMs();
    if (ms > 0) return { ending: waitForLimit(ms) };
    attempt.limit.count();
  }
  const stopped = await begin(scene, attempt, step);
  if (stopped !== undefined) return stopped;
  const askedAt = new Date();
  const answer = await step.send(scene.changes);
  attempt.made += 1;
  const stop = readOutcome(attempt, step, answer, askedAt);
  scene.onCall({ call: step.call, outcome: findOutcome(attempt.calls, step.call) ?? 'unclear' });
  return stop;
}

/** @returns why the call must not be made. */
async function begin({ pool, leaseMs, requestMs }: SendScene, attempt: Attempt, step: Step): Promise<Stop | undefined> {
  const { call, method, path, replaces } = step;
  const clocks = [Date.now(), performance.now()] as const;
  const planned = { call, method, path, status: null, outcome: 'unclear', ...(replaces && { replaces }) } as const;
  const calls = await pool.withTransaction((session) =>
    recordBeginning(session, attempt.update, { calls: attempt.calls, call: planned, leaseMs }),
  );
  if (calls === undefined) return 'lost';
  // One of the clocks stands still while a machine sleeps.
  const passedMs = Math.max(Date.now() - clocks[0], performance.now() - clocks[1]);
  // The lease could end in the middle of the call: it is not made, and what was recorded of it is taken back.
  if (passedMs + requestMs > leaseMs) return NOT_NOW;
  attempt.calls = calls;
  return undefined;
}
