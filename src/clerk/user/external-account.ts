import { id, text } from './fields.ts';

type Properties = Readonly<Record<string, unknown>>;

/** Older Google and Facebook accounts say their provider only through their type. */
const PROVIDER_OF_OBJECT: ReadonlyMap<unknown, string> = new Map([
  ['google_account', 'oauth_google'],
  ['facebook_account', 'oauth_facebook'],
]);

/** The properties of the older shapes that have no column: they are validated like all others, before they are read. */
export const olderAccountEntries = {
  identification_id: id,
  google_id: id,
  facebook_id: id,
  given_name: text,
  family_name: text,
  picture: id,
};

/** Keys of the older shapes, and the keys that say the same today. */
const OLDER_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ['identification_id', ['id']],
  ['google_id', ['provider_user_id']],
  ['facebook_id', ['provider_user_id']],
  ['given_name', ['first_name']],
  ['family_name', ['last_name']],
  ['picture', ['image_url', 'avatar_url']],
]);

/** A linked account as its row has it, and what of it has no column. */
export interface NormalizedAccount {
  readonly values: Properties;
  readonly rest: Properties;
}

/** Finds the id that all shapes of one account share: that of the identification (`idn_…`). */
export function findAccountId(account: Properties): unknown {
  return isStated(account.identification_id) ? account.identification_id : account.id;
}

/**
 * Makes one shape of the three in which Clerk has sent a linked account: `external_account_id` is the `eac_…` id, and
 * `provider` begins with `oauth_`. Keys of the older shapes go if they say nothing new, and stay if they do.
 *
 * @param account as it was sent, after its schema has found it good.
 */
export function normalizeExternalAccount(account: Properties): NormalizedAccount {
  const values: Record<string, unknown> = {
    external_account_id: firstText(account.external_account_id, eacId(account.id)),
    provider: normalizeProvider(account),
    provider_user_id: firstText(account.provider_user_id, account.google_id, account.facebook_id),
    first_name: account.first_name ?? account.given_name,
    last_name: account.last_name ?? account.family_name,
    image_url: firstText(account.image_url, account.avatar_url, account.picture),
  };
  const normalized = { ...account, ...values, id: findAccountId(account) };
  const rest = Object.entries(account).filter(([key, value]) => saysSomethingNew(key, value, normalized));
  return { values, rest: Object.fromEntries(rest) };
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
