/**
 * Rows as tests expect them, written out by people: a test names what it expects of a row, and every other column must
 * be null. Nothing here is taken from the program, so that a mistake there can't become the expectation.
 */
type Row = Record<string, unknown>;

/** A moment as Postgres writes it in JSON, from Unix milliseconds. */
export function at(ms: number): string {
  return new Date(ms).toISOString().replace(/\.?0*Z$/, '+00:00');
}

/** What a snapshot can state. `users.stated_keys` has a bit for each, stored for good: the order is part of the data. */
const STATED_KEYS = `instance_id external_id username first_name last_name locale timezone birthday gender
  profile_image_url image_url has_image primary_email_address_id primary_phone_number_id primary_web3_wallet_id
  public_metadata private_metadata unsafe_metadata password_enabled password_last_updated_at requires_password_reset
  two_factor_enabled totp_enabled backup_code_enabled mfa_enabled_at mfa_disabled_at banned locked
  lockout_expires_in_seconds verification_attempts_remaining deprovisioned bypass_client_trust scim
  organization_memberships delete_self_enabled create_organization_enabled create_organizations_limit last_sign_in_at
  last_active_at legal_accepted_at created_at email_addresses phone_numbers web3_wallets passkeys external_accounts
  saml_accounts enterprise_accounts`.split(/\s+/);

const USER_COLUMNS = [
  ...STATED_KEYS.slice(0, STATED_KEYS.indexOf('email_addresses')),
  ...'id updated_at observed_at last_message_id deleted_at older_keys'.split(' '),
];
const VERIFICATION = ['verification', 'verification_status', 'verification_strategy'];
const TIMES = ['created_at', 'updated_at'];
const SSO = `provider active email_address first_name last_name provider_user_id last_authenticated_at
  public_metadata`.split(/\s+/);
const LEDGER = 'message_id event_type user_id instance_id event_at outcome'.split(' ');
const DEAD_LETTER =
  `message_id origin event_type user_id instance_id body original_body reason error details path attempts first_failed_at
  last_failed_at state resolved_at resolution`.split(/\s+/);

const CHILD_COLUMNS = {
  email_addresses: ['email_address', 'reserved', 'linked_to', 'matches_sso_connection', ...TIMES],
  phone_numbers: [
    ...'phone_number reserved_for_second_factor default_second_factor reserved linked_to'.split(' '),
    ...TIMES,
  ],
  web3_wallets: ['web3_wallet', ...TIMES],
  passkeys: ['name', 'last_used_at', ...TIMES],
  external_accounts: [
    ...`external_account_id provider provider_user_id approved_scopes email_address email_address_verified first_name
      last_name avatar_url image_url username phone_number public_metadata label`.split(/\s+/),
    ...TIMES,
  ],
  saml_accounts: [...SSO, 'saml_connection'],
  enterprise_accounts: [...SSO, 'protocol', 'enterprise_connection_id', 'enterprise_connection'],
} as const;

export interface ExpectedTables {
  readonly users?: Row[];
  readonly email_addresses?: Row[];
  readonly phone_numbers?: Row[];
  readonly web3_wallets?: Row[];
  readonly passkeys?: Row[];
  readonly external_accounts?: Row[];
  readonly saml_accounts?: Row[];
  readonly enterprise_accounts?: Row[];
  readonly webhook_messages?: Row[];
  readonly dead_letters?: Row[];
}

/** The whole state of the database: the rows that are given, each filled up with nulls, and no others in any table. */
export function tables(expected: ExpectedTables): Record<string, Row[]> {
  const children = Object.entries(CHILD_COLUMNS).map(([table, columns]) => [
    table,
    fill(expected[table as keyof typeof CHILD_COLUMNS], ['user_id', 'id', ...columns, ...VERIFICATION], { extra: {} }),
  ]);
  return {
    users: fill(expected.users, USER_COLUMNS, { extra: {}, stated_keys: 0 }),
    ...Object.fromEntries(children),
    webhook_messages: fill(expected.webhook_messages, LEDGER, {}),
    dead_letters: fill(expected.dead_letters, DEAD_LETTER, { origin: 'webhook', attempts: 1, state: 'open' }),
    backfill_runs: [],
    reconcile_runs: [],
    drift_acknowledgements: [],
    user_updates: [],
    user_update_limits: [],
    replay_runs: [],
    admin_sessions: [],
    admin_actions: [],
  };
}

function fill(rows: readonly Row[] | undefined, columns: readonly string[], defaults: Row): Row[] {
  const empty = Object.fromEntries(columns.map((column) => [column, null]));
  return (rows ?? []).map((row) => ({ ...empty, ...defaults, ...row }));
}

/** The bits in `users.stated_keys` of everything but the keys that the event leaves out. */
export function statedAllBut(...absent: string[]): number {
  const unknown = absent.filter((key) => !STATED_KEYS.includes(key));
  if (unknown.length > 0) throw new Error(`No such keys: ${unknown.join(', ')}`);
  return stated(...STATED_KEYS.filter((key) => !absent.includes(key)));
}

/** The bits in `users.stated_keys` of these keys. */
export function stated(...keys: string[]): number {
  return keys.reduce((bits, key) => bits + 2 ** STATED_KEYS.indexOf(key), 0);
}
