import type { EmailAddress, Passkey, PhoneNumber, Web3Wallet } from './identifications.ts';
import { imageUrl } from './image-url.ts';
import type { ExternalAccount, SsoAccount } from './linked-accounts.ts';

/** A user in the form of the newest captured events. Times are Unix milliseconds. */
export type SampleUser = ReturnType<typeof createBareUser>;

/** A new user with nothing: no name, no address, no way to sign in. */
export function createBareUser(id: string, atMs: number) {
  return {
    backup_code_enabled: false,
    banned: false,
    bypass_client_trust: false,
    create_organization_enabled: true,
    created_at: atMs,
    delete_self_enabled: true,
    deprovisioned: false,
    email_addresses: [] as EmailAddress[],
    enterprise_accounts: [] as SsoAccount[],
    external_accounts: [] as ExternalAccount[],
    external_id: null as string | null,
    first_name: null as string | null,
    has_image: false,
    id,
    image_url: imageUrl({ type: 'default', rid: id }),
    last_active_at: atMs as number | null,
    last_name: null as string | null,
    last_sign_in_at: null as number | null,
    legal_accepted_at: null as number | null,
    locale: null as string | null,
    locked: false,
    lockout_expires_in_seconds: null as number | null,
    mfa_disabled_at: null as number | null,
    mfa_enabled_at: null as number | null,
    object: 'user',
    passkeys: [] as Passkey[],
    password_enabled: false,
    password_last_updated_at: null as number | null,
    phone_numbers: [] as PhoneNumber[],
    primary_email_address_id: null as string | null,
    primary_phone_number_id: null as string | null,
    primary_web3_wallet_id: null as string | null,
    private_metadata: {} as Record<string, unknown>,
    profile_image_url: 'https://www.gravatar.com/avatar?d=mp',
    public_metadata: {} as Record<string, unknown>,
    requires_password_reset: false,
    saml_accounts: [] as SsoAccount[],
    totp_enabled: false,
    two_factor_enabled: false,
    unsafe_metadata: {} as Record<string, unknown>,
    updated_at: atMs,
    username: null as string | null,
    verification_attempts_remaining: 100,
    web3_wallets: [] as Web3Wallet[],
  };
}
