import type * as v from 'valibot';

/** Issues kept of one event; the first say enough. */
const MAX_ISSUES = 20;

/** Why an event can't be applied, through no fault of ours: the `reason` of its dead letter. */
export type InvalidEventReason = 'invalid_json' | 'invalid_shape' | 'missing_user_id';

/** One thing that is wrong with an event: where, as a path such as `data.email_addresses[0].id`, and what. */
export interface EventIssue {
  readonly path: string;
  readonly message: string;
}

/**
 * A verified delivery whose body is not an event as Clerk sends them. Permanent: the same body fails again. Neither the
 * message nor the issues quote the body.
 */
export class InvalidEventError extends Error {
  override readonly name = 'InvalidEventError';
  readonly reason: InvalidEventReason;
  readonly issues: readonly EventIssue[];

  constructor(reason: InvalidEventReason, message: string, issues: readonly EventIssue[] = []) {
    super(message);
    this.reason = reason;
    this.issues = issues;
  }

  /** The body is JSON, but a property has another type than Clerk's, or is missing where we can't do without it. */
  static ofShape(issues: readonly EventIssue[]): InvalidEventError {
    const [first] = issues;
    const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
    const message = `The event does not have the shape that Clerk documents: ${first?.path}: ${first?.message}${more}.`;
    return new InvalidEventError('invalid_shape', message, issues.slice(0, MAX_ISSUES));
  }
}

/** A schema's issue with its place in the event; `root` is where the value that the schema was given stands. */
export function toIssue({ path, message }: v.BaseIssue<unknown>, root = ''): EventIssue {
  const steps = (path ?? []).map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`));
  return { path: `${root}${steps.join('')}`.replace(/^\./, ''), message };
}
