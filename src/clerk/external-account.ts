type Properties = Record<string, unknown>;

/** Older Google and Facebook accounts say their provider only through their type. */
const PROVIDER_OF_OBJECT: ReadonlyMap<unknown, string> = new Map([
  ['google_account', 'oauth_google'],
  ['facebook_account', 'oauth_facebook'],
]);

/**
 * Brings the three shapes in which Clerk has sent one linked account to one: `id` is the identification id (`idn_…`),
 * which all shapes share, `external_account_id` the `eac_…` one, `provider` begins with `oauth_`. Keys of the older
 * shapes are consumed where they say nothing new, and stay where they do.
 */
export function normalizeExternalAccount(account: Properties): Properties {
  const { identification_id: identificationId, ...rest } = account;
  const normalized: Properties = {
    ...rest,
    id: firstText(identificationId, account.id),
    external_account_id: firstText(account.external_account_id, eacId(account.id)),
    provider: normalizeProvider(account),
    provider_user_id: firstText(account.provider_user_id, account.google_id, account.facebook_id),
    first_name: account.first_name ?? account.given_name,
    last_name: account.last_name ?? account.family_name,
    image_url: firstText(account.image_url, account.avatar_url, account.picture),
  };
  dropRepeated(normalized, 'google_id', normalized.provider_user_id);
  dropRepeated(normalized, 'facebook_id', normalized.provider_user_id);
  dropRepeated(normalized, 'given_name', normalized.first_name);
  dropRepeated(normalized, 'family_name', normalized.last_name);
  dropRepeated(normalized, 'picture', normalized.image_url);
  dropRepeated(normalized, 'picture', normalized.avatar_url);
  return normalized;
}

function normalizeProvider(account: Properties): string | undefined {
  const provider = firstText(account.provider) ?? PROVIDER_OF_OBJECT.get(account.object);
  return provider === undefined || provider.startsWith('oauth_') ? provider : `oauth_${provider}`;
}

function eacId(id: unknown): unknown {
  return typeof id === 'string' && id.startsWith('eac_') ? id : undefined;
}

/** The first value that is a text with something in it. */
function firstText(...values: unknown[]): string | null {
  return values.find((value): value is string => typeof value === 'string' && value !== '') ?? null;
}

function dropRepeated(properties: Properties, key: string, value: unknown): void {
  const repeated = properties[key];
  if (repeated === value || repeated === '' || repeated === null || repeated === undefined) delete properties[key];
}
