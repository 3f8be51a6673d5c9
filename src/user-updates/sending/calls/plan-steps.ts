import type { ChangeAnswer, UserChanges } from '../../../clerk/api/change-user.ts';
import type { ClaimedUpdate, UpdateCall } from '../claimed-update.ts';
import { MAX_CALLS } from '../limits/limit-instance.ts';
import { LIMITED_CALLS } from '../limits/limit-user.ts';
import { findOutcome, isDone } from './call-list.ts';
import { type Part, readPart } from './check-part.ts';

/** One call that a request asks for. */
export interface Step extends Part {
  readonly call: UpdateCall['call'];
  readonly method: string;
  readonly path: string;
  readonly send: (changes: UserChanges) => Promise<ChangeAnswer>;
  /** The id of the primary e-mail address that it replaces, which is dropped next. */
  readonly replaces?: string;
}

/** The calls of a request in their order, except for `set_primary_email`, whose calls depend on the user. */
export function planSteps(update: ClaimedUpdate): Step[] {
  const { action } = update;
  if (action === 'update') return planUpdate(update);
  if (action === 'set_primary_email') return [];
  if (action === 'delete') return [planDelete(update)];
  return [planSwitch(update, action)];
}

/** Those that are not done yet. */
export function listOpenSteps(steps: readonly Step[], calls: readonly UpdateCall[]): Step[] {
  return steps.filter(({ call }) => !isDone(findOutcome(calls, call)));
}

/**
 * Whether Clerk is asked for the user before the step: to leave out what changes nothing, or to see whether a call that
 * was cut off was applied. Our own row can't tell: a webhook may be under way, or may never come.
 */
export function needsLook(step: Step, { force, calls }: Pick<ClaimedUpdate, 'force' | 'calls'>): boolean {
  // A user who is gone already is no failure.
  if (step.call === 'delete') return false;
  return findOutcome(calls, step.call) === 'unclear' || !(force || step.hasOrders);
}

/** How many calls of the instance's limit a claimed request takes, all in all. */
export function countCalls(update: ClaimedUpdate): number {
  if (update.action === 'set_primary_email') return MAX_CALLS;
  const steps = listOpenSteps(planSteps(update), update.calls);
  return steps.length + (steps.some((step) => needsLook(step, update)) ? 1 : 0);
}

/** True for a call that counts for the limit of its user, too. */
export function isLimited({ call }: Pick<Step, 'call'>): boolean {
  return (LIMITED_CALLS as readonly string[]).includes(call);
}

function planUpdate(update: ClaimedUpdate): Step[] {
  const { userId: id, userBody, metadataBody, metadataMode } = update;
  const path = `/users/${id}`;
  const steps: Step[] = [];
  if (userBody !== null) {
    const part = readPart(update, userBody);
    steps.push({ ...part, call: 'user', method: 'PATCH', path, send: (changes) => changes.patchUser(id, userBody) });
  }
  if (metadataBody !== null) {
    const part = readPart(update, metadataBody);
    const [method, name] =
      metadataMode === 'merge' ? (['PATCH', 'patchMetadata'] as const) : (['PUT', 'putMetadata'] as const);
    const send: Step['send'] = (changes) => changes[name](id, metadataBody);
    steps.push({ ...part, call: 'metadata', method, path: `${path}/metadata`, send });
  }
  return steps;
}

function planDelete({ userId: id }: ClaimedUpdate): Step {
  return {
    ...{ call: 'delete', method: 'DELETE', path: `/users/${id}`, hasOrders: false },
    check: () => 'not_applied',
    send: (changes) => changes.deleteUser(id),
  };
}

/** Which property of the user shows it, and how it is then. */
const SWITCHES = {
  ban: ['banned', true],
  unban: ['banned', false],
  lock: ['locked', true],
  unlock: ['locked', false],
} as const;

function planSwitch({ userId: id }: ClaimedUpdate, action: keyof typeof SWITCHES): Step {
  const [property, wanted] = SWITCHES[action];
  return {
    ...{ call: action, method: 'POST', path: `/users/${id}/${action}`, hasOrders: false },
    check: ({ user }) => (user?.values[property] === wanted ? 'applied' : 'not_applied'),
    send: (changes) => changes[action](id),
  };
}
