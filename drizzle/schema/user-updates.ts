import { sql } from 'drizzle-orm';
import { bigint, boolean, check, index, integer, jsonb, text } from 'drizzle-orm/pg-core';
import { clerk, isOneOf, time } from './clerk-schema.ts';
import { updateActions, updateStates } from './codes.ts';

/** One call to the Backend API that a request has led to. */
interface UserUpdateCall {
  readonly call:
    | 'user'
    | 'metadata'
    | 'ban'
    | 'unban'
    | 'lock'
    | 'unlock'
    | 'delete'
    | 'add_email'
    | 'change_email'
    | 'drop_email';
  readonly method: string;
  readonly path: string;
  /** When it began, ISO 8601. */
  readonly at: string;
  /** Null: no answer has come. */
  readonly status: number | null;
  readonly outcome: 'applied' | 'unclear' | 'refused' | 'unchanged' | 'rate_limited';
  /** Of a call that sets another primary e-mail address: the id of the one before, which is dropped next. */
  readonly replaces?: string;
  /** Of the answer: when Clerk last changed the user. */
  readonly updated_at?: string;
}

/** One entry of the list of errors that Clerk answers with. */
interface UserUpdateError {
  readonly code: string;
  readonly message?: string;
  readonly long_message?: string;
  readonly meta?: Readonly<Record<string, unknown>>;
}

/**
 * Requests to change a user at Clerk, oldest first by `id`. Two triggers of the migrations guard them: one checks a new
 * request and puts it in order, one erases the secrets of a settled request.
 */
export const userUpdates = clerk.table(
  'user_updates',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    user_id: text('user_id').notNull(),
    action: text('action').$type<(typeof updateActions)[number]>().notNull().default('update'),
    request: jsonb('request').$type<Record<string, unknown>>().notNull().default({}),
    metadata_mode: text('metadata_mode').$type<'replace' | 'merge'>().notNull().default('replace'),
    force: boolean('force').notNull().default(false),
    state: text('state').$type<(typeof updateStates)[number]>().notNull().default('pending'),
    attempts: integer('attempts').notNull().default(0),
    next_attempt_at: time('next_attempt_at').notNull().defaultNow(),
    lease_until: time('lease_until'),
    calls: jsonb('calls').$type<readonly UserUpdateCall[]>().notNull().default([]),
    error: jsonb('error').$type<readonly UserUpdateError[]>(),
    error_property: text('error_property'),
    message_id: text('message_id'),
    from_trigger: boolean('from_trigger').notNull().default(false),
    requested_by: text('requested_by').notNull().default(sql`current_user`),
    created_at: time('created_at').notNull().defaultNow(),
    settled_at: time('settled_at'),
  },
  (t) => [
    check('user_updates_action_check', isOneOf(t.action, updateActions)),
    check('user_updates_metadata_mode_check', isOneOf(t.metadata_mode, ['replace', 'merge'])),
    check('user_updates_state_check', isOneOf(t.state, updateStates)),
    // The queue of each user. It holds only what is not settled, so it stays small.
    index('user_updates_unsettled_idx').on(t.user_id, t.id).where(sql`${t.state} in ('pending', 'sending')`),
    // For the limit on requests that triggers make.
    index('user_updates_from_trigger_idx').on(t.user_id, t.created_at).where(sql`${t.from_trigger}`),
    // The latest calls of a user, which Clerk's limit for each user counts.
    index('user_updates_user_settled_idx').on(t.user_id, t.settled_at),
    // Those whose event has not come yet: it stays small where events come.
    index('user_updates_unlinked_idx')
      .on(t.settled_at)
      .where(sql`${t.state} = 'succeeded' and ${t.message_id} is null`),
    // What needs somebody's attention.
    index('user_updates_rejected_idx').on(t.settled_at).where(sql`${t.state} = 'rejected'`),
  ],
);
