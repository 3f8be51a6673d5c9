/** A user as the Backend API serves one. A number that a double can't hold goes in as `JSON.rawJSON('…')`. */
export type ApiUserJson = Readonly<Record<string, unknown>> & { readonly id: string };

/** When user 0 was created; each later one a second after the one before, and last changed an hour after that. */
export const FIRST_CREATED_MS = Date.UTC(2025, 0, 1);
export const HOUR_MS = 3_600_000;

/** More users than that have no phone number of seven digits left. */
const MAX_NUMBER = 9_999_999;

/** The id of the user made for `n`: as long as Clerk's own, and in the order of `n`. */
export function makeUserId(n: number): string {
  return `user_${pad(n, 27)}`;
}

/**
 * A whole user, the same for the same `n`: two e-mail addresses, a phone number and a Google account, all properties that
 * Clerk's User has in API version 2026-05-12. Users are created in the order of `n`.
 */
export function makeApiUser(n: number, overrides: Readonly<Record<string, unknown>> = {}): ApiUserJson {
  if (!(Number.isInteger(n) && n >= 0 && n <= MAX_NUMBER)) throw new RangeError(`There is no user ${n}.`);
  const createdAt = FIRST_CREATED_MS + n * 1000;
  const updatedAt = createdAt + HOUR_MS;
  return {
    ...makeAccount(n, createdAt, updatedAt),
    ...makeIdentifications(n, createdAt),
    external_accounts: [makeGoogleAccount(n, createdAt)],
    ...overrides,
    id: typeof overrides.id === 'string' ? overrides.id : makeUserId(n),
  };
}

/** The same with nothing but one e-mail address and the Google account that it came with, as after a social sign-up. */
function makePlainUser(n: number): ApiUserJson {
  const user = makeApiUser(n, { phone_numbers: [], primary_phone_number_id: null });
  const emails = user.email_addresses as readonly { readonly id: string }[];
  return { ...user, email_addresses: emails.filter(({ id }) => id === user.primary_email_address_id) };
}

/** Which users something is measured with: with four children each, or with two. */
export const USER_SHAPES = { whole: makeApiUser, plain: makePlainUser } as const;
export type UserShape = keyof typeof USER_SHAPES;

/** Always as many digits, so that every user has as many bytes. */
function pad(n: number, length = 7): string {
  return String(n).padStart(7, '0').padStart(length, 'A');
}

function makeAccount(n: number, createdAt: number, updatedAt: number) {
  return {
    object: 'user',
    ...{ external_id: `customer_${pad(n)}`, username: `user_${pad(n)}`, first_name: `Ada ${pad(n)}` },
    ...{ last_name: 'Lovelace', locale: 'en-GB', has_image: true },
    image_url: `https://img.clerk.com/${pad(n, 60)}`,
    profile_image_url: `https://images.clerk.dev/oauth_google/img_${pad(n, 27)}`,
    public_metadata: { plan: 'pro', seats: 3 },
    private_metadata: { customer: `cus_${pad(n)}` },
    unsafe_metadata: {},
    ...{ web3_wallets: [], passkeys: [], saml_accounts: [], enterprise_accounts: [] },
    ...{ password_enabled: true, password_last_updated_at: createdAt },
    ...{ two_factor_enabled: false, totp_enabled: false, backup_code_enabled: false },
    ...{ mfa_enabled_at: null, mfa_disabled_at: null },
    ...{ banned: false, locked: false, deprovisioned: false },
    ...{ lockout_expires_in_seconds: null, verification_attempts_remaining: 100 },
    ...{ last_sign_in_at: updatedAt, last_active_at: updatedAt, legal_accepted_at: createdAt },
    ...{ delete_self_enabled: true, create_organization_enabled: true, bypass_client_trust: false },
    ...{ created_at: createdAt, updated_at: updatedAt },
  };
}

function makeIdentifications(n: number, createdAt: number) {
  const times = { created_at: createdAt, updated_at: createdAt };
  const email = (kind: string, strategy: string, links: readonly unknown[]) => ({
    ...{ id: `idn_${pad(n, 22)}email${kind}`, object: 'email_address' },
    ...{ email_address: `ada.${kind}.${pad(n)}@example.com`, reserved: false, matches_sso_connection: false },
    verification: makeVerification(`verification_${strategy.startsWith('from') ? 'from_oauth' : 'otp'}`, strategy),
    linked_to: links,
    ...times,
  });
  const google = { type: 'oauth_google', id: `idn_${pad(n, 23)}goog` };
  return {
    primary_email_address_id: `idn_${pad(n, 22)}emaila`,
    primary_phone_number_id: `idn_${pad(n, 22)}phone`,
    primary_web3_wallet_id: null,
    email_addresses: [email('b', 'email_code', []), email('a', 'from_oauth_google', [google])],
    phone_numbers: [
      {
        ...{ id: `idn_${pad(n, 22)}phone`, object: 'phone_number', phone_number: `+1555${pad(n)}` },
        ...{ reserved_for_second_factor: false, default_second_factor: false, reserved: false },
        ...{ verification: makeVerification('verification_otp', 'phone_code'), linked_to: [], backup_codes: null },
        ...times,
      },
    ],
  };
}

function makeGoogleAccount(n: number, createdAt: number) {
  const [picture, googleId] = [`https://lh3.googleusercontent.com/a/${pad(n, 40)}`, `11${pad(n)}`];
  return {
    ...{ object: 'google_account', id: `idn_${pad(n, 23)}goog`, identification_id: `idn_${pad(n, 23)}goog` },
    ...{ external_account_id: `eac_${pad(n, 27)}`, provider: 'oauth_google', provider_user_id: googleId },
    ...{ google_id: googleId, approved_scopes: 'email openid profile', email_address: `ada.a.${pad(n)}@example.com` },
    ...{ email_address_verified: true, first_name: `Ada ${pad(n)}`, last_name: 'Lovelace' },
    ...{ given_name: `Ada ${pad(n)}`, family_name: 'Lovelace', avatar_url: picture, picture, image_url: picture },
    ...{ username: null, phone_number: null, public_metadata: {}, label: null },
    ...{ created_at: createdAt, updated_at: createdAt },
    verification: makeVerification('verification_oauth', 'oauth_google'),
  };
}

function makeVerification(object: string, strategy: string) {
  return { object, status: 'verified', strategy, attempts: 1, expire_at: FIRST_CREATED_MS };
}
