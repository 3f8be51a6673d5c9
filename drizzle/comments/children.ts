import type {
  emailAddresses,
  enterpriseAccounts,
  externalAccounts,
  passkeys,
  phoneNumbers,
  samlAccounts,
  web3Wallets,
} from '../schema/children.ts';
import type { ColumnComments, RelationComments } from './comment-types.ts';

const LIST =
  'The list is replaced as a whole by each newer snapshot of the user, and removed when the user is deleted.';

const key = (what: string) => ({
  user_id: 'The user that it belongs to: users.id.',
  id: `Clerk's id of the ${what}, unique within the user.`,
});

const verification = {
  verification:
    'How and whether it was verified, the object as sent: status, strategy, attempts, expire_at (Unix ms) and others. Null: never tried.',
  verification_status:
    'The status in verification: "verified", "unverified", "expired", "failed", "transferable", or whatever Clerk adds.',
  verification_strategy:
    'The strategy in verification, such as "email_code", "from_oauth_google", "admin" or "ticket".',
};

const times = (what: string) => ({
  created_at: `When the ${what} was added in Clerk. Null: an old event that did not say.`,
  updated_at: `When Clerk last changed the ${what}. Null: an old event that did not say.`,
});

const extra = { extra: 'Every property that has no column of its own, as sent.' };

const linkedTo = {
  linked_to:
    'The accounts that it came from or is linked with: a list of {type, id}, where id is the id of an external account.',
};

export const emailAddressComments: RelationComments<ColumnComments<typeof emailAddresses>> = {
  self: `E-mail addresses of the users. The primary one is users.primary_email_address_id, never "the first". ${LIST}`,
  columns: {
    ...key('e-mail address, "idn_…"'),
    email_address: 'The address as Clerk has it. Compare lower(email_address), which has an index.',
    reserved: 'True: claimed for the user and not verified yet.',
    ...verification,
    ...linkedTo,
    matches_sso_connection: 'True: its domain belongs to an enterprise connection.',
    ...times('e-mail address'),
    ...extra,
  },
};

export const phoneNumberComments: RelationComments<ColumnComments<typeof phoneNumbers>> = {
  self: `Phone numbers of the users. Their backup codes are secrets and stored nowhere. ${LIST}`,
  columns: {
    ...key('phone number, "idn_…"'),
    phone_number: 'The number as Clerk has it, in practice E.164 such as "+15555550100".',
    reserved_for_second_factor: 'True: used as a second factor.',
    default_second_factor: 'True: the second factor that is asked for first.',
    reserved: 'True: claimed for the user and not verified yet.',
    ...verification,
    ...linkedTo,
    ...times('phone number'),
    ...extra,
  },
};

export const web3WalletComments: RelationComments<ColumnComments<typeof web3Wallets>> = {
  self: `Web3 wallets of the users. ${LIST}`,
  columns: {
    ...key('wallet, "idn_…"'),
    web3_wallet:
      'The address as sent: "0x…" in any case, or base58 on Solana, where case matters. lower(web3_wallet) has an index.',
    ...verification,
    ...times('wallet'),
    ...extra,
  },
};

export const passkeyComments: RelationComments<ColumnComments<typeof passkeys>> = {
  self: `Passkeys of the users: names and times, no key material. ${LIST}`,
  columns: {
    ...key('passkey, "idn_…"'),
    name: 'The name that the user, or the browser, gave it.',
    last_used_at: 'When it was last used to sign in, as of the newest snapshot. Null: never.',
    ...verification,
    ...times('passkey'),
    ...extra,
  },
};

export const externalAccountComments: RelationComments<ColumnComments<typeof externalAccounts>> = {
  self: `Accounts at other providers (OAuth) that the users have linked. An unfinished link is listed too: see verification_status. ${LIST}`,
  columns: {
    user_id: 'The user that it belongs to: users.id.',
    id: 'The identification id, "idn_…": the one id that all the shapes share in which Clerk sends a linked account.',
    external_account_id:
      'The id of the account object in Clerk, "eac_…". Null: an old Google or Facebook account that did not have one yet.',
    provider: 'The provider, normalised to Clerk\'s strategy name such as "oauth_google" or "oauth_github".',
    provider_user_id:
      'The id of the user at the provider. Null: the link is not finished. Not unique: Clerk lists unfinished and moved links.',
    approved_scopes: 'The OAuth scopes that the user granted, separated by spaces.',
    email_address: 'The e-mail address at the provider. May be empty.',
    email_address_verified: 'True: the provider says that the address is verified. Null: Clerk does not say.',
    first_name: 'First name at the provider. May be empty.',
    last_name: 'Last name at the provider. May be empty.',
    avatar_url: 'Deprecated by Clerk in favour of image_url: address of the picture at the provider.',
    image_url: 'Address of the picture. Null: none.',
    username: 'Username at the provider. Null: none.',
    phone_number: 'Phone number at the provider. Null: none.',
    public_metadata: 'Metadata of the account that your backend writes and that the browser may read.',
    label: 'A label that tells several accounts of one provider apart. Null: none.',
    ...verification,
    ...times('account'),
    ...extra,
  },
};

const ssoAccount = {
  provider: 'The identity provider, such as "saml_okta" or "oauth_google".',
  active: 'True: the account is in use.',
  email_address: 'The e-mail address at the identity provider.',
  first_name: 'First name at the identity provider. Null: not given.',
  last_name: 'Last name at the identity provider. Null: not given.',
  provider_user_id: 'The id of the user at the identity provider. Null: not known.',
  last_authenticated_at: 'When the user last signed in through it, as of the newest snapshot. Null: never.',
  public_metadata: 'Metadata of the account that your backend writes and that the browser may read.',
  ...verification,
};

export const samlAccountComments: RelationComments<ColumnComments<typeof samlAccounts>> = {
  self: `Accounts at identity providers through SAML, in the older of two lists: enterprise_accounts has them too. ${LIST}`,
  columns: {
    ...key('SAML account'),
    ...ssoAccount,
    saml_connection: 'The SAML connection as sent: id, name, domains, provider and settings. Null: none.',
    ...extra,
  },
};

export const enterpriseAccountComments: RelationComments<ColumnComments<typeof enterpriseAccounts>> = {
  self: `Accounts at identity providers through enterprise connections (SAML or OAuth/OIDC). ${LIST}`,
  columns: {
    ...key('enterprise account'),
    protocol: 'Protocol of the connection: "saml" or "oauth".',
    ...ssoAccount,
    enterprise_connection_id: 'The id of the enterprise connection in Clerk. Null: none.',
    enterprise_connection:
      'The enterprise connection as sent: id, name, domains, protocol, provider and settings. Null: none.',
    ...extra,
  },
};
