import {
  createEmailAddress,
  createPhoneNumber,
  createVerification,
  createWeb3Wallet,
  type EmailAddress,
} from './identifications.ts';
import { imageUrl } from './image-url.ts';
import {
  type AccountHolder,
  createGithubAccount,
  createGoogleAccount,
  createSsoAccounts,
  type ExternalAccount,
} from './linked-accounts.ts';
import { createPerson } from './people.ts';
import type { Random } from './random.ts';
import { createBareUser, type SampleUser } from './sample-user.ts';

/** A new user, in one of the ways people sign up; about half of them with an e-mail address and a password. */
export function signUp(random: Random, atMs: number): SampleUser {
  const user = createBareUser(random.id('user_', atMs), atMs);
  const way = random.integer(1, 100);
  if (way <= 50) return signUpByEmail(random, user, createPerson(random));
  if (way <= 72) return signUpByProvider(random, user, createPerson(random), createGoogleAccount);
  if (way <= 82) return signUpByProvider(random, user, createPerson(random), createGithubAccount);
  if (way <= 90) return signUpByPhone(random, user);
  if (way <= 95) return signUpByWallet(random, user);
  return signUpBySso(random, user);
}

/** By e-mail address and password. One in ten has not confirmed the address. No value is one of Ada's. */
export function signUpByEmail(random: Random, user: SampleUser, person: AccountHolder): SampleUser {
  const atMs = user.created_at;
  const address = createEmailAddress(random, atMs - 15_000, person.email, random.chance(0.9));
  return {
    ...named(user, person),
    email_addresses: [address],
    password_enabled: true,
    password_last_updated_at: atMs,
    primary_email_address_id: address.id,
    username: random.chance(0.3) ? person.username : null,
    legal_accepted_at: random.chance(0.5) ? atMs : null,
    external_id: random.chance(0.2) ? `customer-${random.integer(100, 999_999)}` : null,
  };
}

function signUpByProvider(
  random: Random,
  user: SampleUser,
  person: AccountHolder,
  createAccount: (random: Random, atMs: number, person: AccountHolder) => ExternalAccount,
): SampleUser {
  const account = createAccount(random, user.created_at - 15_000, person);
  const address = linkedAddress(random, user.created_at - 15_000, person.email, {
    id: account.identification_id,
    type: account.provider,
  });
  return {
    ...named(user, person),
    email_addresses: [address],
    external_accounts: [account],
    has_image: true,
    image_url: imageUrl({ type: 'proxy', rid: user.id }),
    primary_email_address_id: address.id,
  };
}

function signUpByPhone(random: Random, user: SampleUser): SampleUser {
  const phone = createPhoneNumber(random, user.created_at - 15_000);
  return { ...user, phone_numbers: [phone], primary_phone_number_id: phone.id };
}

function signUpByWallet(random: Random, user: SampleUser): SampleUser {
  const wallet = createWeb3Wallet(random, user.created_at - 15_000);
  return { ...user, primary_web3_wallet_id: wallet.id, web3_wallets: [wallet] };
}

function signUpBySso(random: Random, user: SampleUser): SampleUser {
  const atMs = user.created_at - 15_000;
  const person = createPerson(random, random.pick(['corp.example', 'acme.example', 'globex.example']));
  const { saml, enterprise } = createSsoAccounts(random, atMs, person);
  const address = linkedAddress(random, atMs, person.email, { id: random.id('idn_', atMs), type: 'saml' });
  return {
    ...named(user, person),
    email_addresses: [{ ...address, matches_sso_connection: true }],
    enterprise_accounts: [enterprise],
    primary_email_address_id: address.id,
    saml_accounts: [saml],
  };
}

/** An address that needed no code, because the provider of the linked account has verified it. */
function linkedAddress(
  random: Random,
  atMs: number,
  address: string,
  link: { id: string; type: string },
): EmailAddress {
  const saml = link.type === 'saml';
  return {
    ...createEmailAddress(random, atMs, address),
    linked_to: [link],
    verification: createVerification(saml ? 'saml' : 'from_oauth', saml ? 'saml' : `from_${link.type}`, atMs, {
      ...{ attempts: null, expire_at: null },
    }),
  };
}

function named(user: SampleUser, person: AccountHolder): SampleUser {
  return { ...user, first_name: person.firstName, last_name: person.lastName };
}
