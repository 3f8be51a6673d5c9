/** A JSON object, as metadata is. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * What Clerk's `UpdateUserRequest` can change, under Clerk's own names. What is absent stays as it is; null clears. The
 * database checks all of it when the request is inserted, and names the property that is wrong.
 */
export interface UserUpdateProperties {
  /** Your own id of the user. It is unique in the instance. */
  readonly external_id?: string | null | undefined;
  readonly first_name?: string | null | undefined;
  readonly last_name?: string | null | undefined;
  /** Null or "" deletes the user name at Clerk for good. */
  readonly username?: string | null | undefined;
  /** BCP 47, such as `en-US`. */
  readonly locale?: string | null | undefined;
  /** The id of a verified address of this user, `idn_…`; not the address. */
  readonly primary_email_address_id?: string | null | undefined;
  /** True mails the old address. An order: it is not repeated after an unclear failure. */
  readonly notify_primary_email_address_changed?: boolean | null | undefined;
  /** The id of a verified number of this user, `idn_…`. */
  readonly primary_phone_number_id?: string | null | undefined;
  /** The id of a verified wallet of this user, `idn_…`. */
  readonly primary_web3_wallet_id?: string | null | undefined;
  /** The id of an uploaded image, `img_…`. Only Clerk's Frontend API gives one. */
  readonly profile_image_id?: string | null | undefined;
  /** At least 8 characters, unless `skip_password_checks` is true. A secret, and an order. */
  readonly password?: string | null | undefined;
  /** Needs `password_hasher`. A secret, and an order. */
  readonly password_digest?: string | undefined;
  /** Needs `password_digest`. */
  readonly password_hasher?: string | undefined;
  /** Only with `password`. */
  readonly skip_password_checks?: boolean | null | undefined;
  /** Only with `password`. Ends all active sessions. An order. */
  readonly sign_out_of_other_sessions?: boolean | null | undefined;
  /** Base32. A secret, and an order. */
  readonly totp_secret?: string | null | undefined;
  /** Plain, or bcrypt digests. Secrets, and an order. */
  readonly backup_codes?: readonly string[] | undefined;
  readonly public_metadata?: JsonObject | null | undefined;
  readonly private_metadata?: JsonObject | null | undefined;
  readonly unsafe_metadata?: JsonObject | null | undefined;
  readonly delete_self_enabled?: boolean | null | undefined;
  readonly create_organization_enabled?: boolean | null | undefined;
  /** 0: no limit. Null: the limit of the instance. */
  readonly create_organizations_limit?: number | null | undefined;
  /** RFC 3339. */
  readonly legal_accepted_at?: string | Date | null | undefined;
  readonly skip_legal_checks?: boolean | null | undefined;
  /** RFC 3339, and not in the future. */
  readonly created_at?: string | Date | null | undefined;
  readonly bypass_client_trust?: boolean | null | undefined;
}

/** The new primary e-mail address. Clerk takes it as verified. */
export interface PrimaryEmailChange {
  readonly email_address: string;
  /** True mails the old address. An order: it is not repeated after an unclear failure. */
  readonly notify_primary_email_address_changed?: boolean | null | undefined;
}

interface Target {
  /** The user at Clerk, `user_…`. */
  readonly userId: string;
  /** True sends it even if Clerk already has what it asks for. Default: false. */
  readonly force?: boolean | undefined;
}

interface PropertiesRequest extends Target {
  readonly action?: 'update' | undefined;
  readonly request: UserUpdateProperties;
  /** Metadata takes the place of what Clerk has (`replace`, the default), or is merged into it, where null removes a key. */
  readonly metadataMode?: 'replace' | 'merge' | undefined;
}

interface PrimaryEmailRequest extends Target {
  readonly action: 'set_primary_email';
  readonly request: PrimaryEmailChange;
}

interface PlainRequest extends Target {
  readonly action: 'ban' | 'unban' | 'lock' | 'unlock' | 'delete';
}

/** A change of one user that an application asks for. */
export type UserUpdateRequest = PropertiesRequest | PrimaryEmailRequest | PlainRequest;
