import type { users } from '../../../drizzle/schema/users.ts';
import { type ListKey, listKeys } from '../../clerk/user/children.ts';

/**
 * What a snapshot can state, each with its bit in `users.stated_keys`: the place in this list. The bits are stored, so
 * the list only ever grows at its end (63 is the limit), and a property that gets a column of its own is added there.
 */
export const userKeys = [
  'instance_id',
  'external_id',
  'username',
  'first_name',
  'last_name',
  'locale',
  'timezone',
  'birthday',
  'gender',
  'profile_image_url',
  'image_url',
  'has_image',
  'primary_email_address_id',
  'primary_phone_number_id',
  'primary_web3_wallet_id',
  'public_metadata',
  'private_metadata',
  'unsafe_metadata',
  'password_enabled',
  'password_last_updated_at',
  'requires_password_reset',
  'two_factor_enabled',
  'totp_enabled',
  'backup_code_enabled',
  'mfa_enabled_at',
  'mfa_disabled_at',
  'banned',
  'locked',
  'lockout_expires_in_seconds',
  'verification_attempts_remaining',
  'deprovisioned',
  'bypass_client_trust',
  'scim',
  'organization_memberships',
  'delete_self_enabled',
  'create_organization_enabled',
  'create_organizations_limit',
  'last_sign_in_at',
  'last_active_at',
  'legal_accepted_at',
  'created_at',
  'email_addresses',
  'phone_numbers',
  'web3_wallets',
  'passkeys',
  'external_accounts',
  'saml_accounts',
  'enterprise_accounts',
] as const satisfies readonly (keyof typeof users.$inferSelect | ListKey)[];

const bitOfKey: ReadonlyMap<string, bigint> = new Map(userKeys.map((key, place) => [key, 1n << BigInt(place)]));

/** The bit of a key in `users.stated_keys`; undefined for what has no column, and so lies in `extra`. */
export function findKeyBit(key: string): bigint | undefined {
  return bitOfKey.get(key);
}

/** The bits of keys together; those without a column have none. */
export function collectKeyBits(keys: Iterable<string>): bigint {
  let bits = 0n;
  for (const key of keys) bits |= findKeyBit(key) ?? 0n;
  return bits;
}

/** The columns of `users` that a snapshot states, and so may leave out. */
export const statedColumns = userKeys.filter((key) => !isListKey(key));

function isListKey(key: string): key is ListKey {
  return (listKeys as readonly string[]).includes(key);
}
