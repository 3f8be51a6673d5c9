import * as v from 'valibot';
import { findAccountId, normalizeExternalAccount, olderAccountEntries } from './external-account.ts';
import { findExtra, flag, id, isObject, json, object, readId, text, time } from './fields.ts';

/**
 * A child object of a user, ready to be a row, except for its user's id: `id`, its own properties, `verification` with its
 * `verification_status` and `verification_strategy` beside it, and everything else under `extra`.
 */
export interface ClerkChild extends Record<string, unknown> {
  readonly id: string;
  readonly extra: Record<string, unknown>;
}

/** Status and strategy are free text: the specification's patterns miss real providers. */
const verification = v.nullish(object({ status: text, strategy: text }));

const times = { created_at: time, updated_at: time };

const ssoAccount = {
  id,
  provider: text,
  active: flag,
  email_address: text,
  first_name: text,
  last_name: text,
  provider_user_id: id,
  last_authenticated_at: time,
  public_metadata: json,
  verification,
};

/** The properties of each list's objects, by the list's key. Facts: Clerk's webhook specification of 2025-04-15. */
export const childEntries = {
  email_addresses: {
    id,
    email_address: text,
    reserved: flag,
    verification,
    linked_to: json,
    matches_sso_connection: flag,
    ...times,
  },
  phone_numbers: {
    id,
    phone_number: text,
    reserved_for_second_factor: flag,
    default_second_factor: flag,
    reserved: flag,
    verification,
    linked_to: json,
    ...times,
  },
  web3_wallets: { id, web3_wallet: text, verification, ...times },
  passkeys: { id, name: text, last_used_at: time, verification, ...times },
  external_accounts: {
    id,
    external_account_id: id,
    provider: text,
    provider_user_id: id,
    approved_scopes: text,
    email_address: text,
    email_address_verified: flag,
    first_name: text,
    last_name: text,
    avatar_url: id,
    image_url: id,
    username: text,
    phone_number: text,
    public_metadata: json,
    label: text,
    verification,
    ...times,
  },
  saml_accounts: { ...ssoAccount, saml_connection: json },
  enterprise_accounts: {
    ...ssoAccount,
    protocol: text,
    enterprise_connection_id: id,
    enterprise_connection: json,
  },
};

/** What Clerk says of one object of a list, without its id. */
export type ChildValues<Key extends ListKey> = ReadValues<(typeof childEntries)[Key]>;

type ReadValues<Entries> = Entries extends v.ObjectEntries
  ? Readonly<Omit<v.InferOutput<v.ObjectSchema<Entries, undefined>>, 'id'>>
  : never;

/** The key of each list of children in Clerk's User. */
export type ListKey = keyof typeof childEntries;

/** The keys of all lists. */
export const listKeys = Object.keys(childEntries) as readonly ListKey[];

/** The id is not among the required keys of Clerk's specification: there the address itself identifies. */
const IDENTIFYING_KEYS: Readonly<Partial<Record<ListKey, string>>> = {
  email_addresses: 'email_address',
  phone_numbers: 'phone_number',
  web3_wallets: 'web3_wallet',
};

const KNOWN_KEYS = Object.fromEntries(
  listKeys.map((key) => [key, new Set(Object.keys(childEntries[key]))]),
) as unknown as Readonly<Record<ListKey, ReadonlySet<string>>>;

type Properties = Record<string, unknown>;

/**
 * Finds what identifies a child in its list. Undefined if nothing does: Clerk's specification does not require an id
 * everywhere. An id of another type, or one that is too long for an index, is none. Then nothing else is taken for it.
 */
export function findChildId(key: ListKey, child: Properties): string | undefined {
  const stated = key === 'external_accounts' ? findAccountId(child) : child.id;
  if (stated !== undefined && stated !== null && stated !== '') return readId(stated) ?? undefined;
  const identifyingKey = IDENTIFYING_KEYS[key];
  return identifyingKey === undefined ? undefined : (readId(child[identifyingKey]) ?? undefined);
}

/** A child without a key becomes no row, so it does not matter what it holds. */
const unkeyed = v.pipe(
  v.unknown(),
  v.transform((): Properties => ({})),
);

/** The schema of each list: absent, null, or objects. What an object holds is checked only if it becomes a row. */
export const childLists = Object.fromEntries(listKeys.map((key) => [key, makeListSchema(key)])) as Readonly<
  Record<ListKey, ReturnType<typeof makeListSchema>>
>;

function makeListSchema(key: ListKey) {
  const entries = key === 'external_accounts' ? { ...childEntries[key], ...olderAccountEntries } : childEntries[key];
  const keyed: v.GenericSchema<unknown, Properties> = object(entries as v.ObjectEntries);
  return v.nullish(
    v.array(v.lazy((child) => (isObject(child) && findChildId(key, child) === undefined ? unkeyed : keyed))),
  );
}

/**
 * Completes a child that its schema has found good.
 *
 * @param values what the schema made of it.
 * @param sent the child as it was sent. What the schema has dropped is `extra`, and its verification is kept whole.
 */
export function makeChild(key: ListKey, id: string, values: Properties, sent: Properties): ClerkChild {
  if (key === 'external_accounts') {
    const { values: today, rest } = normalizeExternalAccount(sent);
    const known = Object.entries(values).filter(([name]) => KNOWN_KEYS[key].has(name));
    return completeChild(
      { ...Object.fromEntries(known), ...today, id },
      sent.verification,
      findExtra(rest, KNOWN_KEYS[key]),
    );
  }
  return completeChild({ ...values, id }, sent.verification, findExtra(sent, KNOWN_KEYS[key]));
}

function completeChild(values: Properties & { id: string }, verification: unknown, extra: Properties): ClerkChild {
  const verified = verification as { status?: string | null; strategy?: string | null } | null | undefined;
  return {
    ...values,
    verification: verified,
    verification_status: verified?.status ?? null,
    verification_strategy: verified?.strategy ?? null,
    extra,
  };
}
