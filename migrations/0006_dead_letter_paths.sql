ALTER TABLE "clerk"."dead_letters" ADD COLUMN "original_body" text;--> statement-breakpoint
ALTER TABLE "clerk"."dead_letters" ADD COLUMN "path" text;--> statement-breakpoint
-- Letters from before get the path that they would be kept with today. Dead letters are few, so one statement will do.
UPDATE "clerk"."dead_letters" SET "path" = left(coalesce(
  nullif(regexp_replace(details #>> '{issues,0,path}', '\[\d+\]', '[]', 'g'), ''),
  nullif(concat_ws('.', details ->> 'table', details ->> 'column'), '')
), 200);--> statement-breakpoint
CREATE INDEX "dead_letters_summary_idx" ON "clerk"."dead_letters" USING btree ("state","reason","path","first_failed_at","last_failed_at","message_id");--> statement-breakpoint
comment on column clerk.dead_letters.original_body is 'The body as it came, where an operator has edited it: personal data, too. Null: never edited.';
comment on column clerk.dead_letters.path is 'Where the first fault is, to filter and group by: a path in the body with "[]" for any place in a list, or a table and its column. Null: nowhere in particular.';

comment on column clerk.users.older_keys is 'The write path''s own: each property that the newest snapshot did not state but an earlier one did, with the version [updated_at, observed_at, message_id] of the latest that did. Null where there is none.';
comment on column clerk.webhook_messages.message_id is 'The header svix-id or webhook-id, "msg_…": the same for every attempt at one event.';
comment on column clerk.dead_letters.message_id is 'The header svix-id or webhook-id, "msg_…". Of a user read from the Backend API "api_" and the id of the user: one letter for each, with the newest attempt.';
