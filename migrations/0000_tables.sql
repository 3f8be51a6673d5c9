CREATE SCHEMA "clerk";
--> statement-breakpoint
CREATE TABLE "clerk"."email_addresses" (
	"user_id" text NOT NULL,
	"id" text NOT NULL,
	"email_address" text,
	"reserved" boolean,
	"verification" jsonb,
	"verification_status" text,
	"verification_strategy" text,
	"linked_to" jsonb,
	"matches_sso_connection" boolean,
	"created_at" timestamp with time zone,
	"updated_at" timestamp with time zone,
	"extra" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "email_addresses_user_id_id_pk" PRIMARY KEY("user_id","id")
);
--> statement-breakpoint
CREATE TABLE "clerk"."enterprise_accounts" (
	"user_id" text NOT NULL,
	"id" text NOT NULL,
	"protocol" text,
	"provider" text,
	"active" boolean,
	"email_address" text,
	"first_name" text,
	"last_name" text,
	"provider_user_id" text,
	"last_authenticated_at" timestamp with time zone,
	"public_metadata" jsonb,
	"verification" jsonb,
	"verification_status" text,
	"verification_strategy" text,
	"enterprise_connection_id" text,
	"enterprise_connection" jsonb,
	"extra" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "enterprise_accounts_user_id_id_pk" PRIMARY KEY("user_id","id")
);
--> statement-breakpoint
CREATE TABLE "clerk"."external_accounts" (
	"user_id" text NOT NULL,
	"id" text NOT NULL,
	"external_account_id" text,
	"provider" text,
	"provider_user_id" text,
	"approved_scopes" text,
	"email_address" text,
	"email_address_verified" boolean,
	"first_name" text,
	"last_name" text,
	"avatar_url" text,
	"image_url" text,
	"username" text,
	"phone_number" text,
	"public_metadata" jsonb,
	"label" text,
	"verification" jsonb,
	"verification_status" text,
	"verification_strategy" text,
	"created_at" timestamp with time zone,
	"updated_at" timestamp with time zone,
	"extra" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "external_accounts_user_id_id_pk" PRIMARY KEY("user_id","id")
);
--> statement-breakpoint
CREATE TABLE "clerk"."passkeys" (
	"user_id" text NOT NULL,
	"id" text NOT NULL,
	"name" text,
	"last_used_at" timestamp with time zone,
	"verification" jsonb,
	"verification_status" text,
	"verification_strategy" text,
	"created_at" timestamp with time zone,
	"updated_at" timestamp with time zone,
	"extra" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "passkeys_user_id_id_pk" PRIMARY KEY("user_id","id")
);
--> statement-breakpoint
CREATE TABLE "clerk"."phone_numbers" (
	"user_id" text NOT NULL,
	"id" text NOT NULL,
	"phone_number" text,
	"reserved_for_second_factor" boolean,
	"default_second_factor" boolean,
	"reserved" boolean,
	"verification" jsonb,
	"verification_status" text,
	"verification_strategy" text,
	"linked_to" jsonb,
	"created_at" timestamp with time zone,
	"updated_at" timestamp with time zone,
	"extra" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "phone_numbers_user_id_id_pk" PRIMARY KEY("user_id","id")
);
--> statement-breakpoint
CREATE TABLE "clerk"."saml_accounts" (
	"user_id" text NOT NULL,
	"id" text NOT NULL,
	"provider" text,
	"active" boolean,
	"email_address" text,
	"first_name" text,
	"last_name" text,
	"provider_user_id" text,
	"last_authenticated_at" timestamp with time zone,
	"public_metadata" jsonb,
	"verification" jsonb,
	"verification_status" text,
	"verification_strategy" text,
	"saml_connection" jsonb,
	"extra" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "saml_accounts_user_id_id_pk" PRIMARY KEY("user_id","id")
);
--> statement-breakpoint
CREATE TABLE "clerk"."web3_wallets" (
	"user_id" text NOT NULL,
	"id" text NOT NULL,
	"web3_wallet" text,
	"verification" jsonb,
	"verification_status" text,
	"verification_strategy" text,
	"created_at" timestamp with time zone,
	"updated_at" timestamp with time zone,
	"extra" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "web3_wallets_user_id_id_pk" PRIMARY KEY("user_id","id")
);
--> statement-breakpoint
CREATE TABLE "clerk"."dead_letters" (
	"message_id" text PRIMARY KEY NOT NULL,
	"event_type" text,
	"user_id" text,
	"instance_id" text,
	"body" text NOT NULL,
	"reason" text NOT NULL,
	"error" text NOT NULL,
	"details" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"attempts" integer DEFAULT 1 NOT NULL,
	"first_failed_at" timestamp with time zone NOT NULL,
	"last_failed_at" timestamp with time zone NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"resolved_at" timestamp with time zone,
	"resolution" text,
	CONSTRAINT "dead_letters_state_check" CHECK ("clerk"."dead_letters"."state" in ('open', 'replayed', 'discarded'))
);
--> statement-breakpoint
CREATE TABLE "clerk"."webhook_messages" (
	"message_id" text PRIMARY KEY NOT NULL,
	"event_type" text,
	"user_id" text,
	"instance_id" text,
	"event_at" timestamp with time zone NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"outcome" text NOT NULL,
	CONSTRAINT "webhook_messages_outcome_check" CHECK ("clerk"."webhook_messages"."outcome" in ('applied', 'stale', 'ignored', 'dead_letter'))
);
--> statement-breakpoint
CREATE TABLE "clerk"."users" (
	"id" text PRIMARY KEY NOT NULL,
	"instance_id" text,
	"external_id" text,
	"username" text,
	"first_name" text,
	"last_name" text,
	"locale" text,
	"timezone" text,
	"birthday" text,
	"gender" text,
	"profile_image_url" text,
	"image_url" text,
	"has_image" boolean,
	"primary_email_address_id" text,
	"primary_phone_number_id" text,
	"primary_web3_wallet_id" text,
	"public_metadata" jsonb,
	"private_metadata" jsonb,
	"unsafe_metadata" jsonb,
	"password_enabled" boolean,
	"password_last_updated_at" timestamp with time zone,
	"requires_password_reset" boolean,
	"two_factor_enabled" boolean,
	"totp_enabled" boolean,
	"backup_code_enabled" boolean,
	"mfa_enabled_at" timestamp with time zone,
	"mfa_disabled_at" timestamp with time zone,
	"banned" boolean,
	"locked" boolean,
	"lockout_expires_in_seconds" bigint,
	"verification_attempts_remaining" bigint,
	"deprovisioned" boolean,
	"bypass_client_trust" boolean,
	"scim" jsonb,
	"organization_memberships" jsonb,
	"delete_self_enabled" boolean,
	"create_organization_enabled" boolean,
	"create_organizations_limit" bigint,
	"last_sign_in_at" timestamp with time zone,
	"last_active_at" timestamp with time zone,
	"legal_accepted_at" timestamp with time zone,
	"created_at" timestamp with time zone,
	"updated_at" timestamp with time zone,
	"extra" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"observed_at" timestamp with time zone NOT NULL,
	"last_message_id" text NOT NULL,
	"synced_at" timestamp with time zone NOT NULL,
	"deleted_at" timestamp with time zone,
	"stated_keys" bigint NOT NULL,
	"older_keys" jsonb
);
--> statement-breakpoint
ALTER TABLE "clerk"."email_addresses" ADD CONSTRAINT "email_addresses_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "clerk"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "clerk"."enterprise_accounts" ADD CONSTRAINT "enterprise_accounts_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "clerk"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "clerk"."external_accounts" ADD CONSTRAINT "external_accounts_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "clerk"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "clerk"."passkeys" ADD CONSTRAINT "passkeys_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "clerk"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "clerk"."phone_numbers" ADD CONSTRAINT "phone_numbers_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "clerk"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "clerk"."saml_accounts" ADD CONSTRAINT "saml_accounts_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "clerk"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "clerk"."web3_wallets" ADD CONSTRAINT "web3_wallets_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "clerk"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "email_addresses_email_address_idx" ON "clerk"."email_addresses" USING btree (lower("email_address"));--> statement-breakpoint
CREATE INDEX "external_accounts_provider_provider_user_id_idx" ON "clerk"."external_accounts" USING btree ("provider","provider_user_id");--> statement-breakpoint
CREATE INDEX "phone_numbers_phone_number_idx" ON "clerk"."phone_numbers" USING btree ("phone_number");--> statement-breakpoint
CREATE INDEX "web3_wallets_web3_wallet_idx" ON "clerk"."web3_wallets" USING btree (lower("web3_wallet"));--> statement-breakpoint
CREATE INDEX "dead_letters_state_first_failed_at_idx" ON "clerk"."dead_letters" USING btree ("state","first_failed_at");--> statement-breakpoint
CREATE INDEX "dead_letters_user_id_idx" ON "clerk"."dead_letters" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "users_external_id_idx" ON "clerk"."users" USING btree ("external_id");--> statement-breakpoint
CREATE INDEX "users_username_idx" ON "clerk"."users" USING btree ("username");--> statement-breakpoint
CREATE INDEX "users_created_at_idx" ON "clerk"."users" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "users_last_active_at_idx" ON "clerk"."users" USING brin ("last_active_at");--> statement-breakpoint
CREATE INDEX "users_public_metadata_idx" ON "clerk"."users" USING gin ("public_metadata");--> statement-breakpoint
CREATE INDEX "users_private_metadata_idx" ON "clerk"."users" USING gin ("private_metadata");--> statement-breakpoint
CREATE VIEW "clerk"."active_users" AS (select "clerk"."users"."id", "clerk"."users"."instance_id", "clerk"."users"."external_id", "clerk"."users"."username", "clerk"."users"."first_name", "clerk"."users"."last_name", "clerk"."users"."locale", "clerk"."users"."timezone", "clerk"."users"."birthday", "clerk"."users"."gender", "clerk"."users"."profile_image_url", "clerk"."users"."image_url", "clerk"."users"."has_image", "clerk"."users"."primary_email_address_id", "clerk"."users"."primary_phone_number_id", "clerk"."users"."primary_web3_wallet_id", "clerk"."users"."public_metadata", "clerk"."users"."private_metadata", "clerk"."users"."unsafe_metadata", "clerk"."users"."password_enabled", "clerk"."users"."password_last_updated_at", "clerk"."users"."requires_password_reset", "clerk"."users"."two_factor_enabled", "clerk"."users"."totp_enabled", "clerk"."users"."backup_code_enabled", "clerk"."users"."mfa_enabled_at", "clerk"."users"."mfa_disabled_at", "clerk"."users"."banned", "clerk"."users"."locked", "clerk"."users"."lockout_expires_in_seconds", "clerk"."users"."verification_attempts_remaining", "clerk"."users"."deprovisioned", "clerk"."users"."bypass_client_trust", "clerk"."users"."scim", "clerk"."users"."organization_memberships", "clerk"."users"."delete_self_enabled", "clerk"."users"."create_organization_enabled", "clerk"."users"."create_organizations_limit", "clerk"."users"."last_sign_in_at", "clerk"."users"."last_active_at", "clerk"."users"."legal_accepted_at", "clerk"."users"."created_at", "clerk"."users"."updated_at", "clerk"."users"."extra", "clerk"."users"."observed_at", "clerk"."users"."last_message_id", "clerk"."users"."synced_at", "clerk"."email_addresses"."email_address" as "primary_email_address", "clerk"."email_addresses"."verification_status" is not distinct from 'verified' as "primary_email_address_verified", "clerk"."phone_numbers"."phone_number" as "primary_phone_number", "clerk"."web3_wallets"."web3_wallet" as "primary_web3_wallet" from "clerk"."users" left join "clerk"."email_addresses" on ("clerk"."email_addresses"."user_id" = "clerk"."users"."id" and "clerk"."email_addresses"."id" = "clerk"."users"."primary_email_address_id") left join "clerk"."phone_numbers" on ("clerk"."phone_numbers"."user_id" = "clerk"."users"."id" and "clerk"."phone_numbers"."id" = "clerk"."users"."primary_phone_number_id") left join "clerk"."web3_wallets" on ("clerk"."web3_wallets"."user_id" = "clerk"."users"."id" and "clerk"."web3_wallets"."id" = "clerk"."users"."primary_web3_wallet_id") where "clerk"."users"."deleted_at" is null);