import type { userUpdateLimits } from '../schema/user-update-limits.ts';
import type { userUpdates } from '../schema/user-updates.ts';
import type { ColumnComments, RelationComments } from './comment-types.ts';

export const userUpdateComments: RelationComments<ColumnComments<typeof userUpdates>> = {
  self: 'Requests to change a user at Clerk. Insert user_id and request, in your own transaction: clerk-sync sends the change to Clerk, once and in order for each user. See docs/user-updates.md.',
  columns: {
    id: 'Says the order: the requests of one user are sent by rising id, which is the order in which their transactions committed.',
    user_id: 'The user at Clerk, "user_…". No row of users has to exist.',
    action:
      '"update" (the default), "ban", "unban", "lock", "unlock", "delete" or "set_primary_email" (add the address as verified and primary, and remove the old primary one).',
    request:
      'For "update": the properties to change, under Clerk\'s own names, as in {"first_name": "Ada"}. What is absent stays as it is; null clears. For "set_primary_email": {"email_address": "…"}. For the other actions: {}. Passwords and other secrets become "[erased]" when the request is settled.',
    metadata_mode:
      '"replace" (the default): metadata that is given takes the place of what Clerk has. "merge": it is merged into it, and null removes a key.',
    force: 'True: send it even if Clerk already has what it asks for. False, the default: such a request is not sent.',
    state:
      '"pending" (waits), "sending" (a call is being made), "succeeded", "rejected" (Clerk refused it: see error) or "cancelled" (by an operator). The last three are final.',
    attempts: 'How many times it was tried.',
    next_attempt_at: 'It is not tried before this time.',
    lease_until: 'While it is sent: another process may take it over after this time. Null: nobody is sending it.',
    calls:
      'The calls to Clerk so far, oldest first, each with its start ("at"), its HTTP status (null: no answer came) and its outcome.',
    error: 'Why it was rejected: the whole list of errors as Clerk sent it, without secrets. Null: not rejected.',
    error_property: 'The property that Clerk refused, as Clerk names it. Null: it named none.',
    message_id: 'The webhook message, "msg_…", that brought the change back. Null: none has come yet.',
    from_trigger:
      'True: a trigger inserted it. At most 10 such requests of a user are accepted in 10 minutes, so that a trigger can not loop for ever.',
    requested_by: 'The role that inserted it.',
    created_at: 'When it was inserted: the start of that transaction.',
    settled_at: 'When it became succeeded, rejected or cancelled. Null: not settled yet.',
  },
};

export const userUpdateLimitComments: RelationComments<ColumnComments<typeof userUpdateLimits>> = {
  self: 'One row: how much of the limit of the Clerk instance the requests in user_updates have used. All processes share it.',
  columns: {
    id: 'Always true: there is one row.',
    spent_until:
      'When the calls that were made until now no longer count. In the past: all may be called that is allowed.',
    blocked_until: 'Clerk has asked the whole instance to wait until then. Null: it never has.',
  },
};
