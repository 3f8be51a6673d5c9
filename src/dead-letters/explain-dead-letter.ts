import type { LetterState } from '../../drizzle/schema/codes.ts';
import type { Issue } from '../clerk/unreadable.ts';
import type { LetterReason } from '../sync/batch-entry.ts';
import type { DeadLetter } from './dead-letter.ts';

/** Why an event became a dead letter, and what helps, for an operator who does not know the code. */
export interface Explanation {
  readonly why: string;
  readonly whatToDo: string;
  /** The places in the body, and what is wrong there. */
  readonly issues: readonly Issue[];
}

const REPLAY = 'Then replay it: `clerk-sync dead-letters replay <id>`.';
const EDIT = '`clerk-sync dead-letters edit <id>`';

/** What there is to say about each of some codes. A code without an explanation does not compile. */
export type Explanations<Code extends string> = Readonly<Record<Code, Omit<Explanation, 'issues'>>>;

const EXPLANATIONS: Explanations<LetterReason> = {
  invalid_json: {
    why: 'The body is signed with your secret, but it is not JSON.',
    whatToDo:
      'Clerk does not send such bodies, so another program signs with this secret: find it. If you do not need the event, discard the letter: `clerk-sync dead-letters discard <id> --note <text>`.',
  },
  invalid_shape: {
    why: "A property has another type than Clerk's documentation says.",
    whatToDo: `If Clerk has changed the type, update clerk-sync, or correct the body: ${EDIT}. ${REPLAY}`,
  },
  missing_user_id: {
    why: 'The event does not say which user it is about.',
    whatToDo: `Find the user in Clerk's dashboard by the time of the event, and add their id to the body: ${EDIT}. ${REPLAY} If you can't find the user, run \`clerk-sync reconcile --full\`, which also finds deleted users. Then discard the letter.`,
  },
  rejected_by_database: {
    why: 'Postgres refuses to store what the event says.',
    whatToDo: `The error names what refused it. If you have added this constraint, index, trigger or row policy to the tables of clerk-sync, change it. ${REPLAY}`,
  },
};

/** What becomes of a letter for which there is nothing to do, by its state. */
const CLOSED: Readonly<Record<Exclude<LetterState, 'open'>, string>> = {
  queued:
    'Nothing. The running service replays it within seconds. If it stays queued, the log of the service says why.',
  discarded: 'Nothing. It was discarded and will never be applied.',
  replayed: 'Nothing. It was replayed and is in the tables.',
};
const REPLAYED_STALE = 'Nothing. It was replayed, but something newer about the user had already arrived.';

/** The codes that this version gives, for filters. */
export const KNOWN_REASONS: readonly string[] = Object.keys(EXPLANATIONS);

const UNKNOWN: Omit<Explanation, 'issues'> = {
  why: 'Another version of clerk-sync stored this letter for a reason that this version does not know.',
  whatToDo: 'Replay it: `clerk-sync dead-letters replay <id>`.',
};

/** A letter of a user who was erased, or of whom nothing is kept because they were deleted. */
const ERASED: Omit<Explanation, 'issues'> = {
  why: 'The user was deleted or erased, and the content of this letter with them.',
  whatToDo: 'Nothing. A deletion is final, so this letter can never be applied.',
};

/** Explains a letter in words. Only for an open letter there is something to do. */
export function explainDeadLetter(
  letter: Pick<DeadLetter, 'reason' | 'details' | 'state' | 'resolution'>,
): Explanation {
  const { issues, erased } = letter.details;
  if (erased === true) return { ...ERASED, issues: [] };
  const { why, whatToDo } = isKnown(letter.reason) ? EXPLANATIONS[letter.reason] : UNKNOWN;
  return {
    why,
    whatToDo: describeEnd(letter) ?? whatToDo,
    issues: Array.isArray(issues) ? (issues as Issue[]) : [],
  };
}

function isKnown(reason: string): reason is LetterReason {
  return Object.hasOwn(EXPLANATIONS, reason);
}

function describeEnd({ state, resolution }: Pick<DeadLetter, 'state' | 'resolution'>): string | undefined {
  if (state === 'open') return undefined;
  return state === 'replayed' && resolution === 'stale' ? REPLAYED_STALE : CLOSED[state];
}
