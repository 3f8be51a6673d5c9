comment on column clerk.dead_letters.origin is '"webhook", or who read the user from the Backend API: "backfill", "reconcile", "sync-user" or "user-update".';
comment on table clerk.user_update_limits is 'One row: how much of the limit of the Clerk instance the requests in user_updates have used. All processes share it.';
comment on column clerk.user_update_limits.id is 'Always true: there is one row.';
comment on column clerk.user_update_limits.spent_until is 'When the calls that were made until now no longer count. In the past: all may be called that is allowed.';
comment on column clerk.user_update_limits.blocked_until is 'Clerk has asked the whole instance to wait until then. Null: it never has.';
