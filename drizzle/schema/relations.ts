import { relations } from 'drizzle-orm';
import {
  emailAddresses,
  enterpriseAccounts,
  externalAccounts,
  passkeys,
  phoneNumbers,
  samlAccounts,
  web3Wallets,
} from './children.ts';
import { users } from './users.ts';

/** A user's lists, under the names that Clerk gives them. */
export const usersRelations = relations(users, ({ many }) => ({
  email_addresses: many(emailAddresses),
  phone_numbers: many(phoneNumbers),
  web3_wallets: many(web3Wallets),
  passkeys: many(passkeys),
  external_accounts: many(externalAccounts),
  saml_accounts: many(samlAccounts),
  enterprise_accounts: many(enterpriseAccounts),
}));

/** Whose e-mail address it is. */
export const emailAddressesRelations = relations(emailAddresses, ({ one }) => ({
  user: one(users, { fields: [emailAddresses.user_id], references: [users.id] }),
}));

/** Whose phone number it is. */
export const phoneNumbersRelations = relations(phoneNumbers, ({ one }) => ({
  user: one(users, { fields: [phoneNumbers.user_id], references: [users.id] }),
}));

/** Whose wallet it is. */
export const web3WalletsRelations = relations(web3Wallets, ({ one }) => ({
  user: one(users, { fields: [web3Wallets.user_id], references: [users.id] }),
}));

/** Whose passkey it is. */
export const passkeysRelations = relations(passkeys, ({ one }) => ({
  user: one(users, { fields: [passkeys.user_id], references: [users.id] }),
}));

/** Whose linked account it is. */
export const externalAccountsRelations = relations(externalAccounts, ({ one }) => ({
  user: one(users, { fields: [externalAccounts.user_id], references: [users.id] }),
}));

/** Whose SAML account it is. */
export const samlAccountsRelations = relations(samlAccounts, ({ one }) => ({
  user: one(users, { fields: [samlAccounts.user_id], references: [users.id] }),
}));

/** Whose enterprise account it is. */
export const enterpriseAccountsRelations = relations(enterpriseAccounts, ({ one }) => ({
  user: one(users, { fields: [enterpriseAccounts.user_id], references: [users.id] }),
}));
