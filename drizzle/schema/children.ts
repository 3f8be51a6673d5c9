import { sql } from 'drizzle-orm';
import { boolean, index, jsonb, primaryKey, text } from 'drizzle-orm/pg-core';
import { clerk, extra, time, verificationColumns } from './clerk-schema.ts';
import { users } from './users.ts';

/** The columns every child begins with: children are keyed by their user. */
const childKey = () => ({
  user_id: text('user_id')
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' }),
  id: text('id').notNull(),
});

const childTimes = () => ({ created_at: time('created_at'), updated_at: time('updated_at') });

export const emailAddresses = clerk.table(
  'email_addresses',
  {
    ...childKey(),
    email_address: text('email_address'),
    reserved: boolean('reserved'),
    ...verificationColumns(),
    linked_to: jsonb('linked_to'),
    matches_sso_connection: boolean('matches_sso_connection'),
    ...childTimes(),
    extra: extra(),
  },
  (t) => [
    primaryKey({ columns: [t.user_id, t.id] }),
    index('email_addresses_email_address_idx').on(sql`lower(${t.email_address})`),
  ],
);

export const phoneNumbers = clerk.table(
  'phone_numbers',
  {
    ...childKey(),
    phone_number: text('phone_number'),
    reserved_for_second_factor: boolean('reserved_for_second_factor'),
    default_second_factor: boolean('default_second_factor'),
    reserved: boolean('reserved'),
    ...verificationColumns(),
    linked_to: jsonb('linked_to'),
    ...childTimes(),
    extra: extra(),
  },
  (t) => [primaryKey({ columns: [t.user_id, t.id] }), index('phone_numbers_phone_number_idx').on(t.phone_number)],
);

export const web3Wallets = clerk.table(
  'web3_wallets',
  {
    ...childKey(),
    web3_wallet: text('web3_wallet'),
    ...verificationColumns(),
    ...childTimes(),
    extra: extra(),
  },
  (t) => [
    primaryKey({ columns: [t.user_id, t.id] }),
    index('web3_wallets_web3_wallet_idx').on(sql`lower(${t.web3_wallet})`),
  ],
);

export const passkeys = clerk.table(
  'passkeys',
  {
    ...childKey(),
    name: text('name'),
    last_used_at: time('last_used_at'),
    ...verificationColumns(),
    ...childTimes(),
    extra: extra(),
  },
  (t) => [primaryKey({ columns: [t.user_id, t.id] })],
);

/** `id` is the identification id, the only one that all three shapes of a linked account share. */
export const externalAccounts = clerk.table(
  'external_accounts',
  {
    ...childKey(),
    external_account_id: text('external_account_id'),
    provider: text('provider'),
    provider_user_id: text('provider_user_id'),
    approved_scopes: text('approved_scopes'),
    email_address: text('email_address'),
    email_address_verified: boolean('email_address_verified'),
    first_name: text('first_name'),
    last_name: text('last_name'),
    avatar_url: text('avatar_url'),
    image_url: text('image_url'),
    username: text('username'),
    phone_number: text('phone_number'),
    public_metadata: jsonb('public_metadata'),
    label: text('label'),
    ...verificationColumns(),
    ...childTimes(),
    extra: extra(),
  },
  (t) => [
    primaryKey({ columns: [t.user_id, t.id] }),
    index('external_accounts_provider_provider_user_id_idx').on(t.provider, t.provider_user_id),
  ],
);

/** The columns that a SAML account and its successor, the enterprise account, share. */
const ssoAccountColumns = () => ({
  provider: text('provider'),
  active: boolean('active'),
  email_address: text('email_address'),
  first_name: text('first_name'),
  last_name: text('last_name'),
  provider_user_id: text('provider_user_id'),
  last_authenticated_at: time('last_authenticated_at'),
  public_metadata: jsonb('public_metadata'),
  ...verificationColumns(),
});

export const samlAccounts = clerk.table(
  'saml_accounts',
  { ...childKey(), ...ssoAccountColumns(), saml_connection: jsonb('saml_connection'), extra: extra() },
  (t) => [primaryKey({ columns: [t.user_id, t.id] })],
);

export const enterpriseAccounts = clerk.table(
  'enterprise_accounts',
  {
    ...childKey(),
    protocol: text('protocol'),
    ...ssoAccountColumns(),
    enterprise_connection_id: text('enterprise_connection_id'),
    enterprise_connection: jsonb('enterprise_connection'),
    extra: extra(),
  },
  (t) => [primaryKey({ columns: [t.user_id, t.id] })],
);
