type Properties = Readonly<Record<string, unknown>>;

/** Older Google and Facebook accounts say their provider only through their type. */
const PROVIDER_OF_OBJECT: ReadonlyMap<unknown, string> = new Map([
  ['google_account', 'oauth_google'],
  ['facebook_account', 'oauth_facebook'],
]);

/** Keys of the older shapes, and the keys that say the same today. */
const OLDER_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ['identification_id', ['id']],
  ['google_id', ['provider_user_id']],
  ['facebook_id', ['provider_user_id']],
  ['given_name', ['first_name']],
  ['family_name', ['last_name']],
  ['picture', ['image_url', 'avatar_url']],
]);

/**
 * Brings the three shapes in which Clerk has sent one linked account to one: `id` is the identification id (`idn_…`),
 * which all shapes share, `external_account_id` the `eac_…` one, `provider` begins with `oauth_`. Keys of the older
 * shapes are consumed where they say nothing new, and stay where they do.
 */
export function normalizeExternalAccount(account: Properties): Record<string, unknown> {
  const today: Record<string, unknown> = {
    id: firstText(account.identification_id, account.id),
    external_account_id: firstText(account.external_account_id, eacId(account.id)),
    provider: normalizeProvider(account),
    provider_user_id: firstText(account.provider_user_id, account.google_id, account.facebook_id),
    first_name: account.first_name ?? account.given_name,
    last_name: account.last_name ?? account.family_name,
    image_url: firstText(account.image_url, account.avatar_url, account.picture),
  };
  const normalized: Record<string, unknown> = { ...account, ...today };
  const others = Object.entries(account).filter(([key, value]) => saysSomethingNew(key, value, normalized));
  return { ...Object.fromEntries(others), ...today };
}

function saysSomethingNew(key: string, value: unknown, normalized: Properties): boolean {
  const newerKeys = OLDER_KEYS.get(key);
  return newerKeys === undefined || (isStated(value) && newerKeys.every((newerKey) => value !== normalized[newerKey]));
}

function normalizeProvider(account: Properties): unknown {
  const provider = firstText(account.provider) ?? PROVIDER_OF_OBJECT.get(account.object);
  return provider === undefined || provider.startsWith('oauth_') ? provider : `oauth_${provider}`;
}

function eacId(id: unknown): unknown {
  return typeof id === 'string' && id.startsWith('eac_') ? id : undefined;
}

/** The first value that is a text with something in it. */
function firstText(...values: unknown[]): string | null {
  for (const value of values) if (typeof value === 'string' && value !== '') return value;
  return null;
}

function isStated(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}
