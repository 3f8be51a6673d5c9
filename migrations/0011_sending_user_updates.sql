CREATE TABLE "clerk"."user_update_limits" (
	"id" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"spent_until" timestamp with time zone DEFAULT now() NOT NULL,
	"blocked_until" timestamp with time zone,
	CONSTRAINT "user_update_limits_id_check" CHECK ("clerk"."user_update_limits"."id")
);
--> statement-breakpoint
ALTER TABLE "clerk"."dead_letters" DROP CONSTRAINT "dead_letters_origin_check";--> statement-breakpoint
CREATE INDEX "user_updates_user_settled_idx" ON "clerk"."user_updates" USING btree ("user_id","settled_at");--> statement-breakpoint
CREATE INDEX "user_updates_unlinked_idx" ON "clerk"."user_updates" USING btree ("settled_at") WHERE "clerk"."user_updates"."state" = 'succeeded' and "clerk"."user_updates"."message_id" is null;--> statement-breakpoint
ALTER TABLE "clerk"."dead_letters" ADD CONSTRAINT "dead_letters_origin_check" CHECK ("clerk"."dead_letters"."origin" in ('webhook', 'backfill', 'reconcile', 'sync-user', 'user-update'));