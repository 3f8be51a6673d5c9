ALTER TABLE "clerk"."reconcile_runs" DROP CONSTRAINT "reconcile_runs_state_check";--> statement-breakpoint
ALTER TABLE "clerk"."reconcile_runs" ADD COLUMN "checkpoint" jsonb;--> statement-breakpoint
ALTER TABLE "clerk"."reconcile_runs" ADD CONSTRAINT "reconcile_runs_state_check" CHECK ("clerk"."reconcile_runs"."state" in ('running', 'finished', 'stopped', 'failed'));