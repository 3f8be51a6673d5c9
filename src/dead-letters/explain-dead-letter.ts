import type { EventIssue } from '../clerk/invalid-event-error.ts';
import type { DeadLetter } from './dead-letter.ts';

/** Why a letter is one, and what helps, for an operator who does not know the code. */
export interface Explanation {
  readonly why: string;
  readonly whatToDo: string;
  /** Where in the body, and what is wrong there. */
  readonly issues: readonly EventIssue[];
}

const REPLAY = 'Then replay it: `clerk-sync dead-letters replay <id>`.';

const EXPLANATIONS: Readonly<Record<string, Omit<Explanation, 'issues'>>> = {
  invalid_json: {
    why: 'The body is signed with your secret, but it is not JSON.',
    whatToDo:
      'Clerk does not send such bodies: look for whoever else signs with this secret. If the event is worth nothing, discard the letter.',
  },
  invalid_shape: {
    why: "A property has another type than Clerk's documentation says.",
    whatToDo: `If Clerk has changed the type, update clerk-sync, or correct the body in the table dead_letters. ${REPLAY}`,
  },
  missing_user_id: {
    why: 'The event does not say which user it is about.',
    whatToDo:
      "Find the user in Clerk's dashboard by the time of the event. If it is a deletion, there is nothing here to go by: compare with the users that Clerk has, then discard the letter.",
  },
  rejected_by_database: {
    why: 'Postgres refuses to store what the event says.',
    whatToDo: `The error says what refused it. If that is a constraint, an index, a trigger or a row policy that you have added to the tables in the schema clerk, change it. ${REPLAY}`,
  },
};

const UNKNOWN: Omit<Explanation, 'issues'> = {
  why: 'Another version of clerk-sync kept this letter, for a reason this one does not know.',
  whatToDo: 'Replay it: `clerk-sync dead-letters replay <id>`.',
};

/** Explains a letter in words. */
export function explainDeadLetter(letter: Pick<DeadLetter, 'reason' | 'details'>): Explanation {
  const { issues } = letter.details;
  return { ...(EXPLANATIONS[letter.reason] ?? UNKNOWN), issues: Array.isArray(issues) ? (issues as EventIssue[]) : [] };
}
