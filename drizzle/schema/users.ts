import { bigint, boolean, index, jsonb, text } from 'drizzle-orm/pg-core';
import { clerk, extra, time } from './clerk-schema.ts';

/** Seconds, attempts, limits: int64 in Clerk's specification, all far below 2^53. */
const count = (name: string) => bigint(name, { mode: 'number' });

/**
 * One row a user: the newest snapshot, or the tombstone. The primary ids carry no foreign key, since Clerk's own
 * example event points at an e-mail address that is not in its list.
 */
export const users = clerk.table(
  'users',
  {
    id: text('id').primaryKey(),
    instance_id: text('instance_id'),
    external_id: text('external_id'),
    username: text('username'),
    first_name: text('first_name'),
    last_name: text('last_name'),
    locale: text('locale'),
    timezone: text('timezone'),
    birthday: text('birthday'),
    gender: text('gender'),
    profile_image_url: text('profile_image_url'),
    image_url: text('image_url'),
    has_image: boolean('has_image'),
    primary_email_address_id: text('primary_email_address_id'),
    primary_phone_number_id: text('primary_phone_number_id'),
    primary_web3_wallet_id: text('primary_web3_wallet_id'),
    public_metadata: jsonb('public_metadata'),
    private_metadata: jsonb('private_metadata'),
    unsafe_metadata: jsonb('unsafe_metadata'),
    password_enabled: boolean('password_enabled'),
    password_last_updated_at: time('password_last_updated_at'),
    requires_password_reset: boolean('requires_password_reset'),
    two_factor_enabled: boolean('two_factor_enabled'),
    totp_enabled: boolean('totp_enabled'),
    backup_code_enabled: boolean('backup_code_enabled'),
    mfa_enabled_at: time('mfa_enabled_at'),
    mfa_disabled_at: time('mfa_disabled_at'),
    banned: boolean('banned'),
    locked: boolean('locked'),
    lockout_expires_in_seconds: count('lockout_expires_in_seconds'),
    verification_attempts_remaining: count('verification_attempts_remaining'),
    deprovisioned: boolean('deprovisioned'),
    bypass_client_trust: boolean('bypass_client_trust'),
    scim: jsonb('scim'),
    organization_memberships: jsonb('organization_memberships'),
    delete_self_enabled: boolean('delete_self_enabled'),
    create_organization_enabled: boolean('create_organization_enabled'),
    create_organizations_limit: count('create_organizations_limit'),
    last_sign_in_at: time('last_sign_in_at'),
    last_active_at: time('last_active_at'),
    legal_accepted_at: time('legal_accepted_at'),
    created_at: time('created_at'),
    updated_at: time('updated_at'),
    extra: extra(),
    observed_at: time('observed_at').notNull(),
    last_message_id: text('last_message_id').notNull(),
    synced_at: time('synced_at').notNull(),
    deleted_at: time('deleted_at'),
    stated_keys: bigint('stated_keys', { mode: 'bigint' }).notNull(),
    older_keys: jsonb('older_keys').$type<Record<string, [updatedAt: string, observedAt: string, messageId: string]>>(),
  },
  (t) => [
    index('users_external_id_idx').on(t.external_id),
    index('users_username_idx').on(t.username),
    index('users_created_at_idx').on(t.created_at),
    // Changes with nearly every event: a B-tree here would make each update write to every index of the table.
    index('users_last_active_at_idx').using('brin', t.last_active_at),
    index('users_public_metadata_idx').using('gin', t.public_metadata),
    index('users_private_metadata_idx').using('gin', t.private_metadata),
  ],
);
