import { check, index, integer, jsonb, text } from 'drizzle-orm/pg-core';
import { clerk, isOneOf, time } from './clerk-schema.ts';
import {
  type LetterState,
  letterStates,
  type Origin,
  origins,
  type RecordedOutcome,
  recordedOutcomes,
} from './codes.ts';

/** The ledger: one narrow row for each settled message, so that a resend is recognised. */
export const webhookMessages = clerk.table(
  'webhook_messages',
  {
    message_id: text('message_id').primaryKey(),
    event_type: text('event_type'),
    user_id: text('user_id'),
    instance_id: text('instance_id'),
    event_at: time('event_at').notNull(),
    received_at: time('received_at').notNull(),
    outcome: text('outcome').$type<RecordedOutcome>().notNull(),
  },
  (t) => [
    check('webhook_messages_outcome_check', isOneOf(t.outcome, recordedOutcomes)),
    // Rows arrive in this order, so each insert writes to the same last page.
    index('webhook_messages_received_at_idx').on(t.received_at, t.message_id),
    index('webhook_messages_user_id_idx').on(t.user_id),
  ],
);

/**
 * Verified deliveries, and users read from the Backend API, that could not be applied. Whoever acknowledged a delivery
 * owns it: it stays until resolved.
 */
export const deadLetters = clerk.table(
  'dead_letters',
  {
    message_id: text('message_id').primaryKey(),
    origin: text('origin').$type<Origin>().notNull().default('webhook'),
    event_type: text('event_type'),
    user_id: text('user_id'),
    instance_id: text('instance_id'),
    body: text('body').notNull(),
    original_body: text('original_body'),
    reason: text('reason').notNull(),
    path: text('path'),
    error: text('error').notNull(),
    details: jsonb('details').$type<Record<string, unknown>>().notNull().default({}),
    attempts: integer('attempts').notNull().default(1),
    first_failed_at: time('first_failed_at').notNull(),
    last_failed_at: time('last_failed_at').notNull(),
    state: text('state').$type<LetterState>().notNull().default('open'),
    resolved_at: time('resolved_at'),
    resolution: text('resolution'),
  },
  (t) => [
    check('dead_letters_origin_check', isOneOf(t.origin, origins)),
    check('dead_letters_state_check', isOneOf(t.state, letterStates)),
    index('dead_letters_state_first_failed_at_idx').on(t.state, t.first_failed_at),
    // All that the summary reads: it never touches the rows, whose bodies would have to be read past.
    index('dead_letters_summary_idx').on(t.state, t.reason, t.path, t.first_failed_at, t.last_failed_at, t.message_id),
    index('dead_letters_user_id_idx').on(t.user_id),
  ],
);
