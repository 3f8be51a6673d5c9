import type * as v from 'valibot';

/** Why something that Clerk sent can't be read, as a code. */
export type UnreadableReason = 'invalid_json' | 'invalid_shape' | 'missing_user_id';

/** One thing that is wrong: where, as a path such as `email_addresses[0].id`, and what. The whole has the path "". */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** Why something that Clerk sent can't be read. That is final: the same text fails again. Nothing in here quotes it. */
export interface Unreadable {
  readonly reason: UnreadableReason;
  /** A sentence for people. For a shape it is only the first issue, such as `banned: Expected boolean (and 2 more)`. */
  readonly error: string;
  readonly issues: readonly Issue[];
}

/** What stands in the place of something that can't be read. */
export interface Refusal {
  readonly kind: 'unreadable';
  readonly unreadable: Unreadable;
}

/** What was read, or why it can't be. */
export type Reading<Read> = Read | Refusal;

/** Says why something can't be read. */
export function refuse(unreadable: Unreadable): Refusal {
  return { kind: 'unreadable', unreadable };
}

/** Says that a property has another type than Clerk's, or that one is missing which we need. */
export function refuseShape(issues: readonly Issue[]): Refusal {
  const [first] = issues;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return refuse({ reason: 'invalid_shape', error: `${first?.path || 'the user'}: ${first?.message}${more}`, issues });
}

/** Says that there is no id that a user can have. */
export function refuseId(path: string, error: string): Refusal {
  return refuse({ reason: 'missing_user_id', error, issues: [{ path, message: 'Expected the id of the user' }] });
}

/** A schema's issue, with its path in the value that the schema was given. */
export function toIssue({ path, message }: v.BaseIssue<unknown>): Issue {
  const steps = (path ?? []).map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`));
  return { path: steps.join('').replace(/^\./, ''), message };
}
