import { createVerification } from './identifications.ts';
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
    ...createOauthAccount('oauth_google', atMs, holder),
    approved_scopes: GOOGLE_SCOPES,
    avatar_url: picture,
    external_account_id: random.id('eac_', atMs),
    family_name: holder.lastName,
    given_name: holder.firstName,
    google_id: googleId,
    id,
    identification_id: id,
    image_url: imageUrl({ type: 'proxy', src: picture }),
    object: 'google_account',
    picture,
    provider_user_id: googleId,
    username: null,
  };
}

/** A GitHub account, in the shape of all providers but Google and Facebook: `id` is the `eac_` one. */
export function createGithubAccount(random: Random, atMs: number, holder: AccountHolder): ExternalAccount {
  const githubId = String(random.integer(1_000_000, 199_999_999));
  const avatar = `https://avatars.githubusercontent.com/u/${githubId}?v=4`;
  return {
    ...createOauthAccount('oauth_github', atMs, holder),
    approved_scopes: 'read:user user:email',
    avatar_url: avatar,
    email_address_verified: null,
    id: random.id('eac_', atMs),
    identification_id: random.id('idn_', atMs),
    image_url: imageUrl({ type: 'proxy', src: avatar }),
    object: 'external_account',
    phone_number: null,
    provider_user_id: githubId,
    username: holder.username,
  };
}

function createOauthAccount(provider: string, atMs: number, { email, firstName, lastName }: AccountHolder) {
  return {
    created_at: atMs,
    email_address: email,
    first_name: firstName,
    label: null,
    last_name: lastName,
    provider,
    public_metadata: {},
    updated_at: atMs,
    verification: createVerification('oauth', provider, atMs, { attempts: null }),
  };
}

/** One account at the company's Okta, in the old list and in the new one: Clerk fills both. */
export function createSsoAccounts(
  random: Random,
  atMs: number,
  holder: AccountHolder,
): { saml: SsoAccount; enterprise: SsoAccount } {
  const domain = holder.email.slice(holder.email.indexOf('@') + 1);
  const asked = { attempts: null, error: null, external_verification_redirect_url: null };
  const shared = {
    active: true,
    email_address: holder.email,
    first_name: holder.firstName,
    id: random.id('samlacc_', atMs),
    last_authenticated_at: atMs,
    last_name: holder.lastName,
    provider: 'saml_okta',
    provider_user_id: `00u${random.text(17, BASE62)}`,
    public_metadata: { groups: [random.pick(['engineering', 'sales', 'support', 'finance'])] },
    verification: createVerification('saml', 'saml', atMs, asked),
  };
  const id = 'entconn_sample';
  const protocol = 'saml';
  return {
    saml: { ...shared, object: 'saml_account', saml_connection: { id: 'samlc_sample', domain, ...connection } },
    enterprise: {
      ...shared,
      enterprise_connection: { id, domain, domains: [domain], logo_public_url: null, protocol, ...connection },
      enterprise_connection_id: id,
      object: 'enterprise_account',
      protocol,
    },
  };
}

const BASE62 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

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
