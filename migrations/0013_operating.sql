CREATE TABLE "clerk"."admin_actions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "clerk"."admin_actions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"acted_at" timestamp with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"via" text NOT NULL,
	"action" text NOT NULL,
	"target" text,
	"filter" jsonb,
	"affected" bigint,
	"note" text,
	"request_id" text,
	CONSTRAINT "admin_actions_via_check" CHECK ("clerk"."admin_actions"."via" in ('page', 'api'))
);
--> statement-breakpoint
CREATE TABLE "clerk"."admin_sessions" (
	"session_id" text PRIMARY KEY NOT NULL,
	"role" text NOT NULL,
	"actor" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "admin_sessions_role_check" CHECK ("clerk"."admin_sessions"."role" in ('operator', 'reader'))
);
--> statement-breakpoint
CREATE TABLE "clerk"."processes" (
	"process_id" text PRIMARY KEY NOT NULL,
	"version" text NOT NULL,
	"host" text NOT NULL,
	"pid" integer NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"seen_at" timestamp with time zone NOT NULL,
	"last_delivery_at" timestamp with time zone,
	"stats" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "clerk"."replay_runs" (
	"run_id" text PRIMARY KEY NOT NULL,
	"state" text DEFAULT 'running' NOT NULL,
	"filter" jsonb NOT NULL,
	"max_per_second" integer,
	"note" text,
	"requested_by" text NOT NULL,
	"letters" bigint NOT NULL,
	"checkpoint_failed_at" timestamp with time zone,
	"checkpoint_message_id" text,
	"applied" bigint DEFAULT 0 NOT NULL,
	"stale" bigint DEFAULT 0 NOT NULL,
	"duplicate" bigint DEFAULT 0 NOT NULL,
	"ignored" bigint DEFAULT 0 NOT NULL,
	"dead_letters" bigint DEFAULT 0 NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone,
	"stopped_by" text,
	"error" text,
	CONSTRAINT "replay_runs_state_check" CHECK ("clerk"."replay_runs"."state" in ('running', 'finished', 'stopped', 'failed'))
);
--> statement-breakpoint
ALTER TABLE "clerk"."dead_letters" DROP CONSTRAINT "dead_letters_state_check";--> statement-breakpoint
CREATE INDEX "admin_actions_acted_at_idx" ON "clerk"."admin_actions" USING btree ("acted_at","id");--> statement-breakpoint
CREATE INDEX "admin_actions_target_idx" ON "clerk"."admin_actions" USING btree ("target");--> statement-breakpoint
CREATE INDEX "replay_runs_started_at_idx" ON "clerk"."replay_runs" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "webhook_messages_received_at_idx" ON "clerk"."webhook_messages" USING btree ("received_at","message_id");--> statement-breakpoint
CREATE INDEX "webhook_messages_user_id_idx" ON "clerk"."webhook_messages" USING btree ("user_id");--> statement-breakpoint
ALTER TABLE "clerk"."dead_letters" ADD CONSTRAINT "dead_letters_state_check" CHECK ("clerk"."dead_letters"."state" in ('open', 'queued', 'replayed', 'discarded'));