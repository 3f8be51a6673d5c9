import { Buffer } from 'node:buffer';
import type { ApiUserJson } from '../make-api-user.ts';
import { readList } from './check-identifiers.ts';
import { type Problem, refuseProperty } from './problems.ts';

type Properties = Readonly<Record<string, unknown>>;

/** All hashers that Clerk names, and what a digest of each looks like where that is short to say. */
const HASHERS: Readonly<Record<string, RegExp>> = {
  argon2i: /^\$argon2i\$/,
  argon2id: /^\$argon2id\$/,
  awscognito: /^awscognito(?:#[^#]+){3}$/,
  bcrypt: /^\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}$/,
  bcrypt_peppered: /^\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}\$.+$/,
  bcrypt_sha256_django: /^bcrypt_sha256\$\$/,
  ldap_ssha: /./,
  md5: /^[0-9a-f]{32}$/,
  md5_phpass: /./,
  md5_salted: /^[^$]+\$[0-9a-f]{32}$/,
  pbkdf2_sha1: /^pbkdf2_sha1\$\d+\$/,
  pbkdf2_sha256: /^pbkdf2_sha256\$\d+\$/,
  pbkdf2_sha256_django: /^pbkdf2_sha256\$\d+\$/,
  pbkdf2_sha512: /^pbkdf2_sha512\$\d+\$/,
  pbkdf2_sha512_hex: /^pbkdf2_sha512_hex\$\d+\$/,
  phpass: /^\$P\$.{31}$/,
  scrypt_firebase: /^[^$]+(?:\$[^$]+){5}$/,
  scrypt_werkzeug: /./,
  sha256: /^[0-9a-f]{64}$/,
  sha256_salted: /^[^$]+\$[0-9a-f]{64}$/,
  sha512_symfony: /^sha512_symfony\$\d+\$/,
};

/** A password that stands for all that are known from leaks. */
export const PWNED_PASSWORD = 'correct horse battery staple';
/** What bcrypt takes. */
const MAX_PASSWORD_BYTES = 72;
/** No limit is published; this one is the fake's. */
const MAX_BACKUP_CODES = 50;

/** What is wrong with the password, its digest, the TOTP secret and the backup codes of a request. */
export function checkCredentials(user: ApiUserJson, properties: Properties): Problem[] {
  return [
    ...checkDependents(properties),
    checkPassword(user, properties),
    checkDigest(properties),
    checkTotpSecret(properties.totp_secret),
    checkBackupCodes(properties.backup_codes),
  ].filter((problem) => problem !== undefined);
}

function checkDependents(properties: Properties): Problem[] {
  const orphans = ['skip_password_checks', 'sign_out_of_other_sessions'].filter(
    (name) => typeof properties[name] === 'boolean' && typeof properties.password !== 'string',
  );
  const lacking = [
    ['password_digest', 'password_hasher'],
    ['password_hasher', 'password_digest'],
  ].filter(([present = '', absent = '']) => present in properties && !(absent in properties));
  return [
    ...orphans.map((name) =>
      refuseProperty(name, 'form_conditional_param_disallowed', `${name} is only allowed with password.`),
    ),
    ...lacking.map(([present, absent = '']) =>
      refuseProperty(absent, 'form_conditional_param_missing', `${absent} is required with ${present}.`),
    ),
  ];
}

function checkPassword(user: ApiUserJson, { password, skip_password_checks: skip }: Properties): Problem | undefined {
  if (typeof password !== 'string') return undefined;
  const fault = Buffer.byteLength(password) > MAX_PASSWORD_BYTES ? 'size_in_bytes_exceeded' : undefined;
  const weakness = skip === true ? undefined : findWeakness(user, password);
  const found = fault ?? weakness;
  return found === undefined ? undefined : refuseProperty('password', `form_password_${found}`, `Password: ${found}.`);
}

function findWeakness(user: ApiUserJson, password: string): string | undefined {
  if (password.length < 8) return 'length_too_short';
  if (password === PWNED_PASSWORD) return 'pwned';
  const emails = readList(user, 'email_addresses') as readonly { readonly email_address?: unknown }[];
  const phones = readList(user, 'phone_numbers') as readonly { readonly phone_number?: unknown }[];
  const names = [user.username, ...emails.map((one) => one.email_address), ...phones.map((one) => one.phone_number)];
  return names.includes(password) ? 'matches_identifier' : undefined;
}

function checkDigest({ password_digest: digest, password_hasher: hasher }: Properties): Problem | undefined {
  if (typeof digest !== 'string' || typeof hasher !== 'string') return undefined;
  const form = Object.hasOwn(HASHERS, hasher) ? HASHERS[hasher] : undefined;
  if (form === undefined) return refuseProperty('password_hasher', 'form_param_value_invalid', `${hasher} is unknown.`);
  if (form.test(digest)) return undefined;
  // Clerk's catalogue has `<value> does not match…` for such: messages do quote what was sent.
  return refuseProperty('password_digest', 'form_password_digest_invalid_code', `${digest} does not match ${hasher}.`);
}

function checkTotpSecret(value: unknown): Problem | undefined {
  if (typeof value !== 'string' || /^[A-Z2-7]+=*$/i.test(value)) return undefined;
  return refuseProperty('totp_secret', 'invalid_totp_secret_code', 'The TOTP secret is not base32.');
}

function checkBackupCodes(value: unknown): Problem | undefined {
  if (!Array.isArray(value) || value.length <= MAX_BACKUP_CODES) return undefined;
  return refuseProperty('backup_codes', 'form_param_array_size_exceeded', `At most ${MAX_BACKUP_CODES} are allowed.`);
}
