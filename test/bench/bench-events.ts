/** One event to be delivered: its message id and its body. */
export interface BenchEvent {
  readonly messageId: string;
  readonly userId: string;
  readonly body: string;
}

export interface BenchEventsOptions {
  /** Keeps the ids of one run apart from those of another. */
  readonly run: string;
  readonly users: number;
  readonly events: number;
  /** Where in the endless row of events to begin. 0, the default: every user is created first. `users`: all exist. */
  readonly firstEvent?: number;
  /** From one event's user to the next one's. 1, the default, goes through them in order; a large prime jumps about. */
  readonly stride?: number;
}

const EPOCH_MS = 1_750_000_000_000;

/**
 * Events as a growing application has them: each user is created first, with two e-mail addresses, a phone number and
 * a Google account, and then updated in turn. An update changes the times and the name, every other one the metadata,
 * every eighth the children: whatever the number of users, and wherever in the row it begins.
 */
export function* createBenchEvents(options: BenchEventsOptions): Generator<BenchEvent> {
  const { run, users, events, firstEvent = 0, stride = 1 } = options;
  for (let place = firstEvent; place < firstEvent + events; place += 1) {
    const user = (place * stride) % users;
    const revision = Math.floor(place / users);
    const userId = `user_${pad(user, run)}`;
    yield {
      messageId: `msg_${run}_${String(place).padStart(9, '0')}`,
      userId,
      body: makeBody(user, revision, run),
    };
  }
}

function pad(user: number, run: string): string {
  return `${run}${String(user).padStart(27 - run.length, '0')}`;
}

function makeBody(user: number, revision: number, run: string): string {
  const id = pad(user, run);
  const createdAt = EPOCH_MS + user * 1000;
  const updatedAt = createdAt + revision * 60_000;
  return JSON.stringify({
    data: makeUser({ id, user, revision, createdAt, updatedAt }),
    event_attributes: {
      http_request: { client_ip: '192.0.2.50', user_agent: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)' },
    },
    instance_id: 'ins_31Ja163XYo1NrdP46F0bnJghWk4',
    object: 'event',
    timestamp: updatedAt + 40,
    type: revision === 0 ? 'user.created' : 'user.updated',
  });
}

interface Facts {
  readonly id: string;
  readonly user: number;
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

function makeUser({ id, user, revision, createdAt, updatedAt }: Facts) {
  const childRevision = Math.floor((revision + user) / 8);
  const times = { created_at: createdAt, updated_at: createdAt + childRevision };
  const otp = {
    attempts: 1,
    expire_at: createdAt + 600_000,
    object: 'verification_otp',
    status: 'verified',
    strategy: 'email_code',
  };
  const email = (place: number) => ({
    ...times,
    email_address: `user${user}.${place}@example.com`,
    id: `idn_${place}${id.slice(1)}`,
    linked_to: place === 0 ? [{ id: `idn_g${id.slice(1)}`, type: 'oauth_google' }] : [],
    matches_sso_connection: false,
    object: 'email_address',
    reserved: false,
    verification: otp,
  });
  return {
    backup_code_enabled: false,
    banned: false,
    bypass_client_trust: false,
    create_organization_enabled: true,
    created_at: createdAt,
    delete_self_enabled: true,
    email_addresses: [email(0), email(1)],
    enterprise_accounts: [],
    external_accounts: [makeGoogleAccount(id, user, times)],
    external_id: `crm-${user}`,
    first_name: `First${revision % 5}`,
    has_image: true,
    id: `user_${id}`,
    image_url: `https://img.clerk.com/eyJ0eXBlIjoicHJveHkiLCJzcmMiOiJodHRwczovL2ltYWdlcy5jbGVyay5kZXYv${id}`,
    last_active_at: updatedAt - 100,
    last_name: `Last${user}`,
    last_sign_in_at: updatedAt - 90_000,
    legal_accepted_at: null,
    locale: null,
    locked: false,
    lockout_expires_in_seconds: null,
    mfa_disabled_at: null,
    mfa_enabled_at: null,
    object: 'user',
    passkeys: [],
    password_enabled: true,
    password_last_updated_at: null,
    phone_numbers: [
      {
        ...times,
        backup_codes: null,
        default_second_factor: false,
        id: `idn_p${id.slice(1)}`,
        linked_to: [],
        object: 'phone_number',
        phone_number: `+1202${String(user).padStart(7, '0')}`,
        reserved: false,
        reserved_for_second_factor: false,
        verification: { ...otp, strategy: 'phone_code' },
      },
    ],
    primary_email_address_id: `idn_0${id.slice(1)}`,
    primary_phone_number_id: `idn_p${id.slice(1)}`,
    primary_web3_wallet_id: null,
    private_metadata: { stripe_customer_id: `cus_${id}` },
    profile_image_url: `https://images.clerk.dev/oauth_google/${id}`,
    public_metadata: { plan: (revision + user) % 4 > 1 ? 'pro' : 'free', role: 'member' },
    requires_password_reset: false,
    saml_accounts: [],
    totp_enabled: false,
    two_factor_enabled: false,
    unsafe_metadata: { theme: 'dark' },
    updated_at: updatedAt,
    username: null,
    verification_attempts_remaining: 100,
    web3_wallets: [],
  };
}

function makeGoogleAccount(id: string, user: number, times: { created_at: number; updated_at: number }) {
  return {
    ...times,
    approved_scopes:
      'email https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile openid profile',
    avatar_url: `https://lh3.googleusercontent.com/a/${id}`,
    email_address: `user${user}.0@example.com`,
    external_account_id: `eac_${id.slice(1)}`,
    family_name: `Last${user}`,
    first_name: 'First',
    given_name: 'First',
    google_id: `1${String(user).padStart(20, '0')}`,
    id: `idn_g${id.slice(1)}`,
    identification_id: `idn_g${id.slice(1)}`,
    label: null,
    last_name: `Last${user}`,
    object: 'google_account',
    picture: `https://lh3.googleusercontent.com/a/${id}`,
    provider: 'oauth_google',
    provider_user_id: `1${String(user).padStart(20, '0')}`,
    public_metadata: {},
    username: null,
    verification: {
      attempts: null,
      expire_at: times.created_at + 600_000,
      object: 'verification_oauth',
      status: 'verified',
      strategy: 'oauth_google',
    },
  };
}
