import type { Random } from './random.ts';

/** Clerk also sends keys that depend on the strategy: nonce, message, channel, error. */
export interface Verification {
  attempts: number | null;
  expire_at: number | null;
  object: string;
  status: string;
  strategy: string;
  [key: string]: unknown;
}

/** An e-mail address of a user. */
export type EmailAddress = ReturnType<typeof createEmailAddress>;
/** A phone number of a user. */
export type PhoneNumber = ReturnType<typeof createPhoneNumber>;
/** A wallet of a user. */
export type Web3Wallet = ReturnType<typeof createWeb3Wallet>;
/** A passkey of a user. */
export type Passkey = ReturnType<typeof createPasskey>;

const HEX = '0123456789abcdef';
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const TEN_MINUTES_MS = 600_000;

/** A verification that has succeeded, unless `more` says something else. It was open for ten minutes. */
export function createVerification(
  object: string,
  strategy: string,
  atMs: number,
  more: Partial<Verification> = {},
): Verification {
  const expires = { attempts: 1, expire_at: atMs + TEN_MINUTES_MS };
  return { ...expires, object: `verification_${object}`, status: 'verified', strategy, ...more };
}

/** An address confirmed by the code that Clerk mailed to it, or one that still waits for it. */
export function createEmailAddress(random: Random, atMs: number, address: string, verified = true) {
  return {
    created_at: atMs,
    email_address: address,
    id: random.id('idn_', atMs),
    linked_to: [] as { id: string; type: string }[],
    matches_sso_connection: false,
    object: 'email_address',
    reserved: !verified,
    updated_at: atMs,
    verification: createVerification('otp', 'email_code', atMs, verified ? {} : { attempts: 0, status: 'unverified' }),
  };
}

/** A number out of those that North America keeps for fiction: 555-0100 to 555-0199 of every area. Area 202 is Ada's. */
export function createPhoneNumber(random: Random, atMs: number) {
  const area = random.pick(['205', '212', '303', '312', '415', '512', '617', '702', '808', '907']);
  return {
    backup_codes: null,
    created_at: atMs,
    default_second_factor: false,
    id: random.id('idn_', atMs),
    linked_to: [] as { id: string; type: string }[],
    object: 'phone_number',
    phone_number: `+1${area}55501${random.text(2, '0123456789')}`,
    reserved: false,
    reserved_for_second_factor: false,
    updated_at: atMs,
    verification: createVerification('otp', 'phone_code', atMs, { channel: 'sms' }),
  };
}

/** Mostly an Ethereum address, and now and then one of Solana. */
export function createWeb3Wallet(random: Random, atMs: number) {
  const solana = random.chance(0.2);
  const address = solana ? random.text(44, BASE58) : `0x${random.text(40, HEX)}`;
  const strategy = solana ? 'web3_solana_signature' : 'web3_metamask_signature';
  const nonce = random.text(40, `${HEX}ghijklmnopqrstuvwxyz`);
  const message = `Example wants you to sign in with your account:\n${address}\n\nNonce: ${nonce}`;
  return {
    created_at: atMs,
    id: random.id('idn_', atMs),
    object: 'web3_wallet',
    updated_at: atMs,
    verification: createVerification('web3', strategy, atMs, { message, nonce }),
    web3_wallet: address,
  };
}

/** A passkey that was made and not used yet. */
export function createPasskey(random: Random, atMs: number) {
  return {
    created_at: atMs,
    id: random.id('idn_', atMs),
    last_used_at: null as number | null,
    name: random.pick(['Chrome on macOS', 'iCloud Keychain', 'Windows Hello', '1Password', 'YubiKey 5C', 'Pixel']),
    object: 'passkey',
    updated_at: atMs,
    verification: createVerification('passkey', 'passkey', atMs, {
      ...{ attempts: null, expire_at: null, message: null, nonce: random.text(24, HEX) },
    }),
  };
}
