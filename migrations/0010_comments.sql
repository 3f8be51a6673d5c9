do $$ begin
  if (select pg_has_role(nspowner, 'usage') from pg_namespace where nspname = 'clerk') then
    comment on schema clerk is 'Users of Clerk, kept in step by clerk-sync, which owns everything in this schema. Read it and refer to it. Write nothing but requests in user_updates.';
  end if;
end $$;
comment on table clerk.user_updates is 'Requests to change a user at Clerk. Insert user_id and request, in your own transaction: clerk-sync sends the change to Clerk, once and in order for each user. See docs/user-updates.md.';
comment on column clerk.user_updates.id is 'Says the order: the requests of one user are sent by rising id, which is the order in which their transactions committed.';
comment on column clerk.user_updates.user_id is 'The user at Clerk, "user_…". No row of users has to exist.';
comment on column clerk.user_updates.action is '"update" (the default), "ban", "unban", "lock", "unlock", "delete" or "set_primary_email" (add the address as verified and primary, and remove the old primary one).';
comment on column clerk.user_updates.request is 'For "update": the properties to change, under Clerk''s own names, as in {"first_name": "Ada"}. What is absent stays as it is; null clears. For "set_primary_email": {"email_address": "…"}. For the other actions: {}. Passwords and other secrets become "[erased]" when the request is settled.';
comment on column clerk.user_updates.metadata_mode is '"replace" (the default): metadata that is given takes the place of what Clerk has. "merge": it is merged into it, and null removes a key.';
comment on column clerk.user_updates.force is 'True: send it even if Clerk already has what it asks for. False, the default: such a request is not sent.';
comment on column clerk.user_updates.state is '"pending" (waits), "sending" (a call is being made), "succeeded", "rejected" (Clerk refused it: see error) or "cancelled" (by an operator). The last three are final.';
comment on column clerk.user_updates.attempts is 'How many times it was tried.';
comment on column clerk.user_updates.next_attempt_at is 'It is not tried before this time.';
comment on column clerk.user_updates.lease_until is 'While it is sent: another process may take it over after this time. Null: nobody is sending it.';
comment on column clerk.user_updates.calls is 'The calls to Clerk so far, oldest first, each with its start ("at"), its HTTP status (null: no answer came) and its outcome.';
comment on column clerk.user_updates.error is 'Why it was rejected: the whole list of errors as Clerk sent it, without secrets. Null: not rejected.';
comment on column clerk.user_updates.error_property is 'The property that Clerk refused, as Clerk names it. Null: it named none.';
comment on column clerk.user_updates.message_id is 'The webhook message, "msg_…", that brought the change back. Null: none has come yet.';
comment on column clerk.user_updates.from_trigger is 'True: a trigger inserted it. At most 10 such requests of a user are accepted in 10 minutes, so that a trigger can not loop for ever.';
comment on column clerk.user_updates.requested_by is 'The role that inserted it.';
comment on column clerk.user_updates.created_at is 'When it was inserted: the start of that transaction.';
comment on column clerk.user_updates.settled_at is 'When it became succeeded, rejected or cancelled. Null: not settled yet.';
