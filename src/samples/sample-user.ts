import type { EmailAddress, Passkey, PhoneNumber, Web3Wallet } from './identifications.ts';
import { imageUrl } from './image-url.ts';
import type { ExternalAccount, SsoAccount } from './linked-accounts.ts';

/** A user as the newest captured events carry one, keys in their order; times are Unix milliseconds. */
export interface SampleUser {
  backup_code_enabled: boolean;
  banned: boolean;
  bypass_client_trust: boolean;
  create_organization_enabled: boolean;
  created_at: number;
  delete_self_enabled: boolean;
  deprovisioned: boolean;
  email_addresses: EmailAddress[];
  enterprise_accounts: SsoAccount[];
  external_accounts: ExternalAccount[];
  external_id: string | null;
  first_name: string | null;
  has_image: boolean;
  id: string;
  image_url: string;
  last_active_at: number | null;
  last_name: string | null;
  last_sign_in_at: number | null;
  legal_accepted_at: number | null;
  locale: string | null;
  locked: boolean;
  lockout_expires_in_seconds: number | null;
  mfa_disabled_at: number | null;
  mfa_enabled_at: number | null;
  object: 'user';
  passkeys: Passkey[];
  password_enabled: boolean;
  password_last_updated_at: number | null;
  phone_numbers: PhoneNumber[];
  primary_email_address_id: string | null;
  primary_phone_number_id: string | null;
  primary_web3_wallet_id: string | null;
  private_metadata: Record<string, unknown>;
  profile_image_url: string;
  public_metadata: Record<string, unknown>;
  requires_password_reset: boolean;
  saml_accounts: SsoAccount[];
  totp_enabled: boolean;
  two_factor_enabled: boolean;
  unsafe_metadata: Record<string, unknown>;
  updated_at: number;
  username: string | null;
  verification_attempts_remaining: number;
  web3_wallets: Web3Wallet[];
}

/** A user who has just appeared and has nothing yet: no name, no address, no way to sign in. */
export function createBareUser(id: string, atMs: number): SampleUser {
  return {
    backup_code_enabled: false,
    banned: false,
    bypass_client_trust: false,
    create_organization_enabled: true,
    created_at: atMs,
    delete_self_enabled: true,
    deprovisioned: false,
    email_addresses: [],
    enterprise_accounts: [],
    external_accounts: [],
    external_id: null,
    first_name: null,
    has_image: false,
    id,
    image_url: imageUrl({ type: 'default', rid: id }),
    last_active_at: atMs,
    last_name: null,
    last_sign_in_at: null,
    legal_accepted_at: null,
    locale: null,
    locked: false,
    lockout_expires_in_seconds: null,
    mfa_disabled_at: null,
    mfa_enabled_at: null,
    object: 'user',
    passkeys: [],
    password_enabled: false,
    password_last_updated_at: null,
    phone_numbers: [],
    primary_email_address_id: null,
    primary_phone_number_id: null,
    primary_web3_wallet_id: null,
    private_metadata: {},
    profile_image_url: 'https://www.gravatar.com/avatar?d=mp',
    public_metadata: {},
    requires_password_reset: false,
    saml_accounts: [],
    totp_enabled: false,
    two_factor_enabled: false,
    unsafe_metadata: {},
    updated_at: atMs,
    username: null,
    verification_attempts_remaining: 100,
    web3_wallets: [],
  };
}
