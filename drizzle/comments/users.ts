import type { users } from '../schema/users.ts';
import type { ColumnComments, RelationComments } from './comment-types.ts';

/**
 * What Clerk's own documents, specification and captured events say about each property of a user.
 * https://clerk.com/docs/reference/backend-api is where most of them are defined.
 */
export const userComments: RelationComments<ColumnComments<typeof users>> = {
  self: [
    'One row for each Clerk user: the newest state that Clerk has stated, or the tombstone of a deleted user.',
    'Columns have the names of the properties of the User in Clerk. Null means that Clerk sent null, or has not stated',
    'the property yet, or that the user was deleted and the personal data erased.',
    'Query the view active_users for users that are not deleted.',
  ].join(' '),
  columns: {
    id: 'Clerk\'s id of the user, "user_" and 27 characters.',
    instance_id:
      'The Clerk instance that the newest snapshot came from, "ins_…": tells development from production. Null: an old event that did not say.',
    external_id:
      'Your own id of the user, as you gave it to Clerk; unique within a Clerk instance. Null: none was given.',
    username: 'The username, where the Clerk instance uses usernames. Null: the user has none.',
    first_name: 'First name. Null: not given.',
    last_name: 'Last name. Null: not given.',
    locale: 'The language that the user prefers, as a BCP 47 tag such as "de-CH". Null: unknown.',
    timezone: 'The time zone of the user. In the types of the Clerk SDK, and in no event seen so far.',
    birthday: 'Date of birth as Clerk sent it, free text. Clerk stopped sending it in 2023.',
    gender: 'Gender as Clerk sent it, free text. Clerk stopped sending it in 2023.',
    profile_image_url: 'Deprecated by Clerk in favour of image_url, and still sent: address of the picture.',
    image_url: 'Address of the picture of the user; a generated one where has_image is false.',
    has_image: 'True: the user has uploaded a picture, or one came from a linked account.',
    primary_email_address_id:
      'The id in email_addresses of the primary e-mail address. No foreign key, since Clerk may name an address that it does not list. Null: none.',
    primary_phone_number_id: 'The id in phone_numbers of the primary phone number. No foreign key. Null: none.',
    primary_web3_wallet_id: 'The id in web3_wallets of the primary wallet. No foreign key. Null: none.',
    public_metadata:
      'Metadata that your backend writes and that the browser may read. Up to 8 KB of JSON, every digit of a number kept.',
    private_metadata:
      'Metadata that only your backend may read and write. Up to 8 KB of JSON, every digit of a number kept.',
    unsafe_metadata:
      'Metadata that the end user writes from the browser: may hold anything. Never decide by it what somebody may do.',
    password_enabled: 'True: the user has a password.',
    password_last_updated_at: 'When the password was last set. Null: never, or Clerk does not say.',
    requires_password_reset: 'True: the user has to set a new password at the next sign-in.',
    two_factor_enabled: 'True: at least one second factor is set up.',
    totp_enabled: 'True: an authenticator app is set up as a second factor.',
    backup_code_enabled: 'True: the user has backup codes. The codes themselves are stored nowhere.',
    mfa_enabled_at:
      'When a second factor was last set up. Stays when it is removed: two_factor_enabled tells the present. Null: never.',
    mfa_disabled_at: 'When the last second factor was removed. Stays when one is set up again. Null: never.',
    banned: 'True: banned by an administrator, may not sign in.',
    locked: 'True: locked for a while after too many failed attempts to sign in.',
    lockout_expires_in_seconds:
      'Seconds until the lock ended, counted from the moment of the snapshot (observed_at) and so outdated since. Null: not locked, or locked until an administrator unlocks.',
    verification_attempts_remaining:
      'Failed attempts that were left before a lock, at the moment of the snapshot. Null: no limit is set.',
    deprovisioned:
      'True: removed by the directory of an organization (SCIM); may not sign in. Null: not managed by a directory.',
    bypass_client_trust: 'True: exempt from the check of new devices that Clerk calls Client Trust.',
    scim: 'Of a user that a directory manages (SCIM): directory_id, directory_enabled and external_id, as sent. Null: not managed by a directory.',
    organization_memberships:
      'Memberships as sent, seldom present in user events. Not kept up to date: organizations have events of their own.',
    delete_self_enabled: 'True: the user may delete the account.',
    create_organization_enabled: 'True: the user may create organizations.',
    create_organizations_limit:
      'How many organizations the user may create. 0: any number. Null: the limit of the Clerk instance holds.',
    last_sign_in_at:
      'When the user last signed in, as of the newest snapshot: a sign-in alone may cause no event. Null: never.',
    last_active_at:
      'When the user was last active, as of the newest snapshot; Clerk promises the precision of a day only.',
    legal_accepted_at: 'When the user accepted the legal terms. Null: not asked for, or not accepted.',
    created_at: 'When the user was created in Clerk; an import into Clerk may have set it to an earlier time.',
    updated_at:
      'When Clerk last changed the user: the first part of the version of this row. Null: a tombstone of a user that was never seen.',
    extra:
      'Every property of the user that has no column of its own, as sent: what Clerk adds is here until it gets one.',
    observed_at:
      'When Clerk stated the newest snapshot (the time of the event), or when the Backend API was asked: the second part of the version.',
    last_message_id:
      'The message that brought the newest snapshot, "msg_…": the third part of the version. See webhook_messages.',
    synced_at: 'When this row was written here, by the clock of the program that wrote it.',
    deleted_at:
      'Time of the event user.deleted: the row is a tombstone, which no later event can undo. Null: the user is not deleted.',
    stated_keys:
      "The write path's own: a bit for each property of Clerk's User that the stored snapshot stated. An absent property is not null.",
    older_keys:
      "The write path's own: each property that the newest snapshot did not state but an earlier one did, with the version [updated_at, observed_at, message_id] of the latest that did. Null where there is none.",
  },
};
