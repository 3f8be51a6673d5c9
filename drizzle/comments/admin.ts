import type { adminActions, adminSessions } from '../schema/admin.ts';
import type { ColumnComments, RelationComments } from './comment-types.ts';

export const adminSessionComments: RelationComments<ColumnComments<typeof adminSessions>> = {
  self: "Who is signed in to the operator's page. Without its row a cookie is worth nothing. Delete a row to sign somebody out.",
  columns: {
    session_id: 'SHA-256, in hex, of the id in the cookie.',
    role: '"operator": may do everything. "reader": may only look.',
    actor: 'The name that was given at sign-in.',
    created_at: 'When they signed in.',
    expires_at: 'When they have to sign in again.',
  },
};

export const adminActionComments: RelationComments<ColumnComments<typeof adminActions>> = {
  self: "What was done through the operator's page and its JSON API: one row for each action.",
  columns: {
    id: 'Counts up.',
    acted_at: 'When it was done.',
    actor: 'Who did it: the name that was given at sign-in, or by the caller of the API. It is not verified.',
    via: '"page" or "api".',
    action: 'What was done: a code, such as "replay_dead_letter".',
    target: 'What it was done to: the id of a message, a user, a run or an update request. Null: see filter.',
    filter: 'The filter of an action on many rows. Null: it was on one.',
    affected: 'How many rows it was about. Null: one, or not known.',
    note: 'Why, in the words of the operator. Null: they gave no reason.',
    request_id: 'The id of the HTTP request, which is in the log as well.',
  },
};
