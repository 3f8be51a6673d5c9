import type { Verification } from './identifications.ts';
import { imageUrl } from './image-url.ts';
import type { Random } from './random.ts';

/** Google's and everyone else's accounts come in two shapes; both carry at least this. */
export interface ExternalAccount {
  id: string;
  identification_id: string;
  provider: string;
  updated_at: number;
  [key: string]: unknown;
}

/** An account at a company's identity provider, as `saml_accounts` and `enterprise_accounts` carry it. */
export interface SsoAccount {
  id: string;
  active: boolean;
  [key: string]: unknown;
}

/** Whose account it is. */
export interface AccountHolder {
  firstName: string;
  lastName: string;
  email: string;
  username: string;
}

const GOOGLE_SCOPES =
  'email https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile openid profile';

/** A Google account in the shape since 2025: `id` is the identification's, and the `eac_` id stands beside it. */
export function createGoogleAccount(random: Random, atMs: number, holder: AccountHolder): ExternalAccount {
  const id = random.id('idn_', atMs);
  const googleId = `1${random.text(20, '0123456789')}`;
  const picture = `https://lh3.googleusercontent.com/a/${random.text(32, 'abcdefghijklmnopqrstuvwxyz')}=s1000-c`;
  return {
    approved_scopes: GOOGLE_SCOPES,
    avatar_url: picture,
    created_at: atMs,
    email_address: holder.email,
    external_account_id: random.id('eac_', atMs),
    family_name: holder.lastName,
    first_name: holder.firstName,
    given_name: holder.firstName,
    google_id: googleId,
    id,
    identification_id: id,
    image_url: imageUrl({ type: 'proxy', src: picture }),
    label: null,
    last_name: holder.lastName,
    object: 'google_account',
    picture,
    provider: 'oauth_google',
    provider_user_id: googleId,
    public_metadata: {},
    updated_at: atMs,
    username: null,
    verification: oauthVerification('oauth_google', atMs),
  };
}

/** A GitHub account, in the shape of all providers but Google and Facebook: `id` is the `eac_` one. */
export function createGithubAccount(random: Random, atMs: number, holder: AccountHolder): ExternalAccount {
  const githubId = String(random.integer(1_000_000, 199_999_999));
  const avatar = `https://avatars.githubusercontent.com/u/${githubId}?v=4`;
  return {
    approved_scopes: 'read:user user:email',
    avatar_url: avatar,
    created_at: atMs,
    email_address: holder.email,
    email_address_verified: null,
    first_name: holder.firstName,
    id: random.id('eac_', atMs),
    identification_id: random.id('idn_', atMs),
    image_url: imageUrl({ type: 'proxy', src: avatar }),
    label: null,
    last_name: holder.lastName,
    object: 'external_account',
    phone_number: null,
    provider: 'oauth_github',
    provider_user_id: githubId,
    public_metadata: {},
    updated_at: atMs,
    username: holder.username,
    verification: oauthVerification('oauth_github', atMs),
  };
}

/** One account at the company's Okta, in the old list and in the new one: Clerk fills both. */
export function createSsoAccounts(
  random: Random,
  atMs: number,
  holder: AccountHolder,
): { saml: SsoAccount; enterprise: SsoAccount; domain: string } {
  const domain = holder.email.slice(holder.email.indexOf('@') + 1);
  const shared = {
    active: true,
    email_address: holder.email,
    first_name: holder.firstName,
    id: random.id('samlacc_', atMs),
    last_authenticated_at: atMs,
    last_name: holder.lastName,
    provider: 'saml_okta',
    provider_user_id: `00u${random.text(17, '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ')}`,
    public_metadata: { groups: [random.pick(['engineering', 'sales', 'support', 'finance'])] },
    verification: samlVerification(atMs),
  };
  return {
    domain,
    saml: { ...shared, object: 'saml_account', saml_connection: { id: 'samlc_sample', domain, ...connection } },
    enterprise: {
      ...shared,
      enterprise_connection: {
        id: 'entconn_sample',
        domain,
        domains: [domain],
        logo_public_url: null,
        protocol: 'saml',
        ...connection,
      },
      enterprise_connection_id: 'entconn_sample',
      object: 'enterprise_account',
      protocol: 'saml',
    },
  };
}

/** What the old and the new description of one connection have in common. */
const connection = {
  active: true,
  allow_idp_initiated: false,
  allow_subdomains: false,
  created_at: 1_760_000_000_000,
  disable_additional_identifications: false,
  name: 'Okta',
  provider: 'saml_okta',
  sync_user_attributes: true,
  updated_at: 1_760_000_000_000,
};

function oauthVerification(strategy: string, atMs: number): Verification {
  return { attempts: null, expire_at: atMs + 600_000, object: 'verification_oauth', status: 'verified', strategy };
}

function samlVerification(atMs: number): Verification {
  return {
    attempts: null,
    error: null,
    expire_at: atMs + 600_000,
    external_verification_redirect_url: null,
    object: 'verification_saml',
    status: 'verified',
    strategy: 'saml',
  };
}
