import type { UpdateState, UserUpdate } from './user-update.ts';

/** Why a request is as it is, and what helps, for an operator. */
export interface UpdateExplanation {
  readonly why: string;
  readonly whatToDo: string;
}

const NOTHING = 'Nothing.';
const AGAIN = 'Then `clerk-sync updates retry <id>`, or insert a new request.';

const STATES: Readonly<Record<Exclude<UpdateState, 'rejected'>, UpdateExplanation>> = {
  pending: {
    why: 'It waits for its turn.',
    whatToDo: `${NOTHING} If it waits for long, \`clerk-sync doctor\` tells why.`,
  },
  sending: { why: 'A call to Clerk is being made.', whatToDo: NOTHING },
  succeeded: { why: 'Clerk has what it asks for.', whatToDo: NOTHING },
  cancelled: { why: 'An operator has cancelled it.', whatToDo: 'If it is still wanted, insert a new request.' },
};

/** By the code of the first error: those of this program, and those of Clerk that mean more than their sentence says. */
const REASONS: Readonly<Record<string, UpdateExplanation>> = {
  update_loop: {
    why: 'Triggers have inserted too many requests for this user. It was not sent, since it looks like a loop.',
    whatToDo: 'Find the trigger that inserts a request at each change of a user, and let it insert only what differs.',
  },
  outcome_unknown: {
    why: 'Clerk gave no answer, and nothing shows whether it was done. It is not sent again by itself, since that could do it twice.',
    whatToDo: `Look at the user in Clerk's dashboard. If it was not done: \`clerk-sync updates retry <id>\`.`,
  },
  form_param_unknown: {
    why: 'Clerk does not take the property. It is switched off in this instance, or its name is wrong.',
    whatToDo: `Switch it on in Clerk's dashboard. ${AGAIN}`,
  },
  resource_not_found: {
    why: 'Clerk has no such user, or the user has no such address, number or image.',
    whatToDo: 'Correct the id, and insert a new request. If the user is deleted, there is nothing to do.',
  },
  attribute_managed_by_scim: {
    why: "A directory owns this property of the user, so Clerk's API can't change it.",
    whatToDo: 'Change it in the directory.',
  },
  user_managed_by_scim: {
    why: "A directory owns this user, so Clerk's API can't do this.",
    whatToDo: 'Do it in the directory.',
  },
  unsupported_subscription_plan_features: {
    why: 'The plan of the Clerk instance does not have this feature.',
    whatToDo: `Change the plan. ${AGAIN}`,
  },
};

const REFUSED: UpdateExplanation = {
  why: 'Clerk has refused it.',
  whatToDo:
    'Correct what Clerk says, and insert a new request. If the cause was at Clerk and is gone: `clerk-sync updates retry <id>`.',
};

/** Explains a request in words. `<id>` stands for its id. */
export function explainUpdate({
  state,
  error,
  attempts,
}: Pick<UserUpdate, 'state' | 'error' | 'attempts'>): UpdateExplanation {
  if (state === 'rejected') return REASONS[error?.[0]?.code ?? ''] ?? REFUSED;
  if (state === 'pending' && attempts > 0) {
    return { ...STATES.pending, why: 'It was tried, and could not be settled yet. It is tried again.' };
  }
  return STATES[state];
}
