comment on column clerk.replay_runs.checkpoint_failed_at is 'The first failure of the last letter that was tried, of one half of the users: the run continues after it. Null: none yet.';
comment on column clerk.replay_runs.second_checkpoint_failed_at is 'The same for the other half of the users.';
comment on column clerk.replay_runs.second_checkpoint_message_id is 'The message id of that letter.';
