CREATE TABLE "clerk"."drift_acknowledgements" (
	"user_id" text NOT NULL,
	"kind" text NOT NULL,
	"note" text,
	"acknowledged_at" timestamp with time zone NOT NULL,
	CONSTRAINT "drift_acknowledgements_user_id_kind_pk" PRIMARY KEY("user_id","kind"),
	CONSTRAINT "drift_acknowledgements_kind_check" CHECK ("clerk"."drift_acknowledgements"."kind" in ('newer_here', 'deleted_here', 'other_instance'))
);
--> statement-breakpoint
comment on column clerk.reconcile_runs.drift is 'By kind of drift, how many users were found, repaired and left: {"missing": {"found": 2, "repaired": 2, "left": 0}}; also how many were acknowledged, and how many deletions were held back, if any. Empty: all were the same.';
comment on table clerk.drift_acknowledgements is 'Drift that an operator has acknowledged with `clerk-sync reconcile acknowledge`: a reconcile no longer counts it as left.';
comment on column clerk.drift_acknowledgements.user_id is 'The user who is stored otherwise than Clerk says.';
comment on column clerk.drift_acknowledgements.kind is '"newer_here", "deleted_here" or "other_instance": only this kind of drift is acknowledged.';
comment on column clerk.drift_acknowledgements.note is 'Why, in the words of the operator. Null: they gave none.';
comment on column clerk.drift_acknowledgements.acknowledged_at is 'When it was acknowledged.';
