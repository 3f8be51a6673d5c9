import { createEmailAddress, createPasskey, createPhoneNumber, createWeb3Wallet } from './identifications.ts';
import { imageUrl } from './image-url.ts';
import { type AccountHolder, createGithubAccount, createGoogleAccount, createSsoAccounts } from './linked-accounts.ts';
import { createPerson } from './people.ts';
import type { Random } from './random.ts';
import type { SampleUser } from './sample-user.ts';

type Change = (random: Random, user: SampleUser, atMs: number) => Partial<SampleUser>;

/** The user after one more change at `atMs`, which is also the new `updated_at`. */
export function changeUser(random: Random, user: SampleUser, atMs: number): SampleUser {
  const change = random.pick(CHANGES);
  return { ...user, ...change(random, user, atMs), updated_at: atMs };
}

const signIn: Change = (_random, _user, atMs) => ({ last_active_at: atMs, last_sign_in_at: atMs });

const rename: Change = (random) => {
  const person = createPerson(random);
  return { first_name: person.firstName, last_name: person.lastName, username: person.username };
};

const subscribe: Change = (random, user, atMs) => ({
  public_metadata: { ...user.public_metadata, plan: random.pick(['free', 'pro', 'team']) },
  private_metadata: { ...user.private_metadata, subscribed_at: atMs, seats: random.integer(1, 50) },
});

const customise: Change = (random, user) => ({
  unsafe_metadata: {
    ...user.unsafe_metadata,
    theme: random.pick(['light', 'dark']),
    onboarding: { step: random.integer(1, 5), skipped: random.chance(0.2) },
  },
});

/** Several people can have the same address as long as nobody has confirmed it. */
const addEmailAddress: Change = (random, user, atMs) => {
  const verified = random.chance(0.6);
  const address = verified ? createPerson(random).email : 'team@example.com';
  return { email_addresses: [...user.email_addresses, createEmailAddress(random, atMs, address, verified)] };
};

const changePrimaryEmailAddress: Change = (random, user) => {
  const verified = user.email_addresses.filter((address) => address.verification.status === 'verified');
  return verified.length === 0 ? {} : { primary_email_address_id: random.pick(verified).id };
};

const removeEmailAddresses: Change = (_random, user) => ({
  email_addresses: user.email_addresses.filter(
    (address) => address.id === user.primary_email_address_id || address.linked_to.length > 0,
  ),
});

const setPhoneNumber: Change = (random, user, atMs) => {
  if (user.phone_numbers.length > 1) {
    return { phone_numbers: user.phone_numbers.filter((phone) => phone.id === user.primary_phone_number_id) };
  }
  const phone = createPhoneNumber(random, atMs);
  return {
    phone_numbers: [...user.phone_numbers, phone],
    primary_phone_number_id: user.primary_phone_number_id ?? phone.id,
  };
};

const connectWallet: Change = (random, user, atMs) => {
  const wallet = createWeb3Wallet(random, atMs);
  return { web3_wallets: [...user.web3_wallets.slice(-2), wallet], primary_web3_wallet_id: wallet.id };
};

const setPasskey: Change = (random, user, atMs) => {
  const used = user.passkeys.map((passkey) => ({ ...passkey, last_used_at: atMs, updated_at: atMs }));
  return {
    passkeys:
      used.length > 2 || (used.length > 0 && random.chance(0.5)) ? used : [...used, createPasskey(random, atMs)],
  };
};

const linkGoogle: Change = (random, user, atMs) =>
  toggleAccount(user, createGoogleAccount(random, atMs, holderOf(random, user)));
const linkGithub: Change = (random, user, atMs) =>
  toggleAccount(user, createGithubAccount(random, atMs, holderOf(random, user)));

const joinCompany: Change = (random, user, atMs) => {
  if (user.enterprise_accounts.length > 0) {
    return {
      enterprise_accounts: user.enterprise_accounts.map((account) => ({ ...account, last_authenticated_at: atMs })),
    };
  }
  const { saml, enterprise } = createSsoAccounts(random, atMs, createPerson(random, 'corp.example'));
  return { enterprise_accounts: [enterprise], saml_accounts: [saml] };
};

const ban: Change = (_random, user) => ({ banned: !user.banned });

const lock: Change = (_random, user) =>
  user.locked
    ? { locked: false, lockout_expires_in_seconds: null, verification_attempts_remaining: 100 }
    : { locked: true, lockout_expires_in_seconds: 3600, verification_attempts_remaining: 0 };

const switchTotp: Change = (_random, user, atMs) =>
  user.totp_enabled
    ? { totp_enabled: false, two_factor_enabled: false, backup_code_enabled: false, mfa_disabled_at: atMs }
    : { totp_enabled: true, two_factor_enabled: true, backup_code_enabled: true, mfa_enabled_at: atMs };

const uploadImage: Change = (random, user, atMs) => ({
  has_image: true,
  image_url: imageUrl({ type: 'proxy', rid: user.id, img: random.id('img_', atMs) }),
});

/** A change that is in the list more often happens more often: people sign in more often than they are banned. */
const CHANGES: readonly Change[] = [
  ...[signIn, signIn, signIn, signIn, rename, subscribe, subscribe, customise, uploadImage],
  ...[addEmailAddress, addEmailAddress, changePrimaryEmailAddress, removeEmailAddresses, setPhoneNumber],
  ...[connectWallet, setPasskey, setPasskey, linkGoogle, linkGithub, joinCompany, ban, lock, switchTotp],
];

/** Links the account, or removes the one that is linked at that provider. */
function toggleAccount(user: SampleUser, account: SampleUser['external_accounts'][number]): Partial<SampleUser> {
  const others = user.external_accounts.filter((existing) => existing.provider !== account.provider);
  return { external_accounts: others.length < user.external_accounts.length ? others : [...others, account] };
}

function holderOf(random: Random, user: SampleUser): AccountHolder {
  const person = createPerson(random);
  return {
    ...person,
    firstName: user.first_name ?? person.firstName,
    lastName: user.last_name ?? person.lastName,
    email: user.email_addresses[0]?.email_address ?? person.email,
  };
}
