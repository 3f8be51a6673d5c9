import type { deadLetters, webhookMessages } from '../schema/messages.ts';
import type { ColumnComments, RelationComments } from './comment-types.ts';

const envelope = {
  event_type: 'The type of the event, such as "user.updated". Null: the body did not say.',
  user_id: 'The user that the event is about, whether or not a row of users has it. Null: about no user, or not said.',
  instance_id: 'The Clerk instance that sent it, "ins_…". Null: an old event that did not say.',
};

export const webhookMessageComments: RelationComments<ColumnComments<typeof webhookMessages>> = {
  self: 'The ledger: one row for each message that was settled, so that a resend of it is recognised as a duplicate.',
  columns: {
    message_id: 'The header svix-id or webhook-id, "msg_…": the same for every attempt at one event.',
    ...envelope,
    event_at:
      'When the event happened, by the envelope of the event; where that is silent, when the delivery was signed.',
    received_at: 'When the delivery that settled it was received here.',
    outcome:
      'What became of it: "applied", "stale" (a newer state was stored already), "ignored" (a type that is not synced) or "dead_letter".',
  },
};

export const deadLetterComments: RelationComments<ColumnComments<typeof deadLetters>> = {
  self: 'Dead letters: verified deliveries that were acknowledged and could not be applied, and users read from the Backend API that could not. They stay until they are replayed or discarded.',
  columns: {
    message_id:
      'The header svix-id or webhook-id, "msg_…". Of a user read from the Backend API "api_" and the id of the user: one letter for each, with the newest attempt.',
    origin:
      '"webhook", or who read the user from the Backend API: "backfill", "reconcile", "sync-user" or "user-update".',
    ...envelope,
    event_type: 'The type of the event, such as "user.updated". Null: the body did not say, or it is no event.',
    body: 'The body of the delivery, or the user, as text, complete: personal data. A NUL byte, which text can not hold, is stored as U+FFFD. Empty: the user was erased.',
    original_body: 'The body as it came, where an operator has edited it: personal data, too. Null: never edited.',
    reason: 'Why it could not be applied: a code, to filter by.',
    path: 'Where the first fault is, to filter and group by: a path in the body with "[]" for any place in a list, or a table and its column. Null: nowhere in particular.',
    error: 'Why it could not be applied: a sentence.',
    details:
      'What else is known about the failure, such as the paths of the offending properties, the SQLSTATE, or the run that read the user.',
    attempts: 'How many times it was tried.',
    first_failed_at: 'When it first failed.',
    last_failed_at: 'When it last failed.',
    state:
      '"open": waits for an operator. "queued": the running service replays it within seconds; set it to have a letter replayed. "replayed": applied, or overtaken, since. "discarded": given up by an operator.',
    resolved_at: 'When it was replayed or discarded. Null: it is not resolved.',
    resolution: 'The outcome of the replay, or the note of whoever discarded it. Null: it is not resolved.',
  },
};
