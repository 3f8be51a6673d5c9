/**
 * Keys that are secret material wherever they stand in a user: the second-factor codes that a phone number can carry,
 * and the credentials of Clerk's write API. They are stored nowhere.
 */
export const SECRET_KEYS: ReadonlySet<string> = new Set([
  'backup_codes',
  'password_digest',
  'password_hasher',
  'totp_secret',
]);

/** Properties of a request to change a user whose values nobody may see again. */
export const REQUEST_SECRETS: readonly string[] = ['password', 'password_digest', 'totp_secret', 'backup_codes'];

/** Their keys belong to the application, whatever they are called. */
const METADATA_KEYS: ReadonlySet<string> = new Set(['public_metadata', 'private_metadata', 'unsafe_metadata']);

/**
 * The value without secrets, at any depth: nobody knows what Clerk will put them into next. What has none, which is
 * nearly everything, comes back as it is.
 */
export function dropSecrets(value: unknown): unknown {
  if (!hasSecret(value)) return value;
  if (Array.isArray(value)) return value.map(dropSecrets);
  const kept = Object.entries(value as object).filter(([key]) => !SECRET_KEYS.has(key));
  return Object.fromEntries(kept.map(([key, inner]) => [key, METADATA_KEYS.has(key) ? inner : dropSecrets(inner)]));
}

/** A loop over keys, not over entries: this runs for each event. */
function hasSecret(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasSecret);
  for (const key of Object.keys(value)) {
    if (SECRET_KEYS.has(key)) return true;
    if (!METADATA_KEYS.has(key) && hasSecret((value as Record<string, unknown>)[key])) return true;
  }
  return false;
}
