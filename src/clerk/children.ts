import { z } from 'zod';
import { normalizeExternalAccount } from './external-account.ts';
import { splitExtra } from './extra.ts';
import { flag, id, json, text, time } from './fields.ts';

/**
 * A child object of a user, ready to be a row but for its user's id: `id`, its own properties, `verification` with its
 * `verification_status` and `verification_strategy` beside it, and everything else under `extra`.
 */
export interface ClerkChild extends Record<string, unknown> {
  readonly id: string;
  readonly extra: Record<string, unknown>;
}

/** Status and strategy are free text: the specification's patterns miss real providers. */
const verification = z.looseObject({ status: text, strategy: text }).nullish();

type Properties = Record<string, unknown>;

/** The id is not among the required keys of Clerk's specification: the address itself identifies in its stead. */
interface ChildOptions {
  readonly identifiedBy?: string;
  readonly normalize?: (properties: Properties) => Properties;
}

function child(shape: z.ZodRawShape, { identifiedBy, normalize = (properties) => properties }: ChildOptions = {}) {
  const known = new Set([...Object.keys(shape), 'id', 'verification']);
  return z.looseObject({ ...shape, id, verification }).transform((input, context): ClerkChild => {
    const { values, extra } = splitExtra(normalize(input), known);
    const childId = values.id ?? (identifiedBy === undefined ? undefined : values[identifiedBy]);
    if (typeof childId !== 'string' || childId === '') {
      context.issues.push({ code: 'custom', input, path: ['id'], message: 'Expected an id' });
      return z.NEVER;
    }
    const { status = null, strategy = null } = input.verification ?? {};
    return { ...values, id: childId, verification_status: status, verification_strategy: strategy, extra };
  });
}

const times = { created_at: time, updated_at: time };

const ssoAccount = {
  provider: text,
  active: flag,
  email_address: text,
  first_name: text,
  last_name: text,
  provider_user_id: id,
  last_authenticated_at: time,
  public_metadata: json,
};

/** One schema for each list of a user, by the list's key. Facts: Clerk's webhook specification of 2025-04-15. */
export const childSchemas = {
  email_addresses: child(
    { email_address: text, reserved: flag, linked_to: json, matches_sso_connection: flag, ...times },
    { identifiedBy: 'email_address' },
  ),
  phone_numbers: child(
    {
      phone_number: text,
      reserved_for_second_factor: flag,
      default_second_factor: flag,
      reserved: flag,
      linked_to: json,
      ...times,
    },
    { identifiedBy: 'phone_number' },
  ),
  web3_wallets: child({ web3_wallet: text, ...times }, { identifiedBy: 'web3_wallet' }),
  passkeys: child({ name: text, last_used_at: time, ...times }),
  external_accounts: child(
    {
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
      ...times,
    },
    { normalize: normalizeExternalAccount },
  ),
  saml_accounts: child({ ...ssoAccount, saml_connection: json }),
  enterprise_accounts: child({
    ...ssoAccount,
    protocol: text,
    enterprise_connection_id: id,
    enterprise_connection: json,
  }),
};

/** The key of each list of children in Clerk's User. */
export type ListKey = keyof typeof childSchemas;

export const listKeys = Object.keys(childSchemas) as readonly ListKey[];
