import * as v from 'valibot';
import { findExtra } from './extra.ts';
import { flag, id, json, object, text, time } from './fields.ts';
import { type EventIssue, InvalidEventError } from './invalid-event-error.ts';

/**
 * A child object of a user, ready to be a row but for its user's id: `id`, its own properties, `verification` with its
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

/** The key of each list of children in Clerk's User. */
export type ListKey = keyof typeof childEntries;

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

/** Where a child stands, for what is said of it. */
interface Place {
  readonly key: ListKey;
  readonly index: number;
}

type Properties = Record<string, unknown>;

/**
 * Completes a child that its schema has found good.
 *
 * @param values what the schema made of it.
 * @param sent the child as it was sent: what the schema has dropped is `extra`, and its verification is kept whole.
 * @throws {InvalidEventError} `invalid_shape`, when nothing identifies it.
 */
export function makeChild(values: Properties, sent: Properties, { key, index }: Place): ClerkChild {
  const identifyingKey = IDENTIFYING_KEYS[key];
  const id = values.id ?? (identifyingKey === undefined ? undefined : values[identifyingKey]);
  if (typeof id !== 'string' || id === '') throw InvalidEventError.ofShape([describeMissingId(key, index)]);
  const verified = sent.verification as { status?: string | null; strategy?: string | null } | null | undefined;
  return {
    ...values,
    id,
    verification: verified,
    verification_status: verified?.status ?? null,
    verification_strategy: verified?.strategy ?? null,
    extra: findExtra(sent, KNOWN_KEYS[key]),
  };
}

function describeMissingId(key: ListKey, index: number): EventIssue {
  return { path: `data.${key}[${index}].id`, message: 'Expected an id' };
}
