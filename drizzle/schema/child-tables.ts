import {
  emailAddresses,
  enterpriseAccounts,
  externalAccounts,
  passkeys,
  phoneNumbers,
  samlAccounts,
  web3Wallets,
} from './children.ts';

/** The tables of a user's children, by the key of their list in Clerk's User. */
export const childTables = {
  email_addresses: emailAddresses,
  phone_numbers: phoneNumbers,
  web3_wallets: web3Wallets,
  passkeys,
  external_accounts: externalAccounts,
  saml_accounts: samlAccounts,
  enterprise_accounts: enterpriseAccounts,
};
