CREATE TABLE "clerk"."backfill_runs" (
	"run_id" text PRIMARY KEY NOT NULL,
	"state" text NOT NULL,
	"instance_id" text,
	"checkpoint_user_id" text,
	"checkpoint_created_at" timestamp with time zone,
	"pages" integer DEFAULT 0 NOT NULL,
	"users_read" bigint DEFAULT 0 NOT NULL,
	"applied" bigint DEFAULT 0 NOT NULL,
	"stale" bigint DEFAULT 0 NOT NULL,
	"dead_letters" bigint DEFAULT 0 NOT NULL,
	"expected_users" bigint,
	"max_users" bigint,
	"started_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone,
	"error" text,
	CONSTRAINT "backfill_runs_state_check" CHECK ("clerk"."backfill_runs"."state" in ('running', 'finished', 'stopped', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "clerk"."reconcile_runs" (
	"run_id" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"state" text NOT NULL,
	"instance_id" text,
	"watermark_at" timestamp with time zone,
	"users_read" bigint DEFAULT 0 NOT NULL,
	"drift" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone,
	"error" text,
	CONSTRAINT "reconcile_runs_kind_check" CHECK ("clerk"."reconcile_runs"."kind" in ('incremental', 'full')),
	CONSTRAINT "reconcile_runs_state_check" CHECK ("clerk"."reconcile_runs"."state" in ('running', 'finished', 'failed'))
);
--> statement-breakpoint
ALTER TABLE "clerk"."dead_letters" ADD COLUMN "origin" text DEFAULT 'webhook' NOT NULL;--> statement-breakpoint
CREATE INDEX "reconcile_runs_started_at_idx" ON "clerk"."reconcile_runs" USING btree ("started_at");--> statement-breakpoint
ALTER TABLE "clerk"."dead_letters" ADD CONSTRAINT "dead_letters_origin_check" CHECK ("clerk"."dead_letters"."origin" in ('webhook', 'backfill', 'reconcile', 'sync-user'));