import * as v from 'valibot';
import { type Reading, refuseShape, toIssue } from '../unreadable.ts';
import { type ClerkChild, childLists, findChildId, type ListKey, listKeys, makeChild } from './children.ts';
import { count, describeIssue, findExtra, flag, id, json, text, time } from './fields.ts';

/**
 * Clerk's User, tolerant wherever Clerk is: any key may be absent or null. Only the id is exact. Unknown keys are dropped
 * here, and kept as `extra`. The keys are those of the product model of 2025-03-12, of the webhook specification of
 * 2025-04-15, and of what events really carry.
 */
const userSchema = v.object({
  id: v.pipe(v.string(), v.nonEmpty()),
  external_id: text,
  username: text,
  first_name: text,
  last_name: text,
  locale: text,
  timezone: text,
  birthday: text,
  gender: text,
  profile_image_url: text,
  image_url: text,
  has_image: flag,
  primary_email_address_id: id,
  primary_phone_number_id: id,
  primary_web3_wallet_id: id,
  public_metadata: json,
  private_metadata: json,
  unsafe_metadata: json,
  password_enabled: flag,
  password_last_updated_at: time,
  requires_password_reset: flag,
  two_factor_enabled: flag,
  totp_enabled: flag,
  backup_code_enabled: flag,
  mfa_enabled_at: time,
  mfa_disabled_at: time,
  banned: flag,
  locked: flag,
  lockout_expires_in_seconds: count,
  verification_attempts_remaining: count,
  deprovisioned: flag,
  bypass_client_trust: flag,
  scim: json,
  organization_memberships: json,
  delete_self_enabled: flag,
  create_organization_enabled: flag,
  create_organizations_limit: count,
  last_sign_in_at: time,
  last_active_at: time,
  legal_accepted_at: time,
  created_at: time,
  updated_at: time,
  ...childLists,
});

/** What Clerk's User says, without its lists, its id and the first part of its version. */
export type UserValues = Readonly<Omit<v.InferOutput<typeof userSchema>, 'id' | 'updated_at' | ListKey>>;

/** A user as Clerk states it. `values` has a key for each property that was sent. Null is a statement, absence is none. */
export interface ClerkUser {
  readonly id: string;
  /** Undefined if Clerk left it out. */
  readonly updatedAt: Date | undefined;
  readonly values: UserValues;
  readonly lists: Readonly<Partial<Record<ListKey, readonly ClerkChild[]>>>;
  readonly extra: Readonly<Record<string, unknown>>;
}

type Properties = Record<string, unknown>;

const USER_KEYS: ReadonlySet<string> = new Set(Object.keys(userSchema.entries));
const LIST_KEYS: ReadonlySet<string> = new Set(listKeys);
/** Columns that are not among a snapshot's values: the key, and the first part of its version. */
const VERSION_KEYS: ReadonlySet<string> = new Set(['id', 'updated_at']);

/**
 * Parses a user as webhooks and the Backend API carry it. Secrets go no further than this. The paths of issues begin at
 * the user.
 */
export function parseUser(data: Properties): Reading<ClerkUser> {
  const sent = dropSecrets(data) as Properties;
  const parsed = v.safeParse(userSchema, sent, { message: describeIssue });
  if (!parsed.success) return refuseShape(parsed.issues.map(toIssue));
  const values: Properties = {};
  const lists: Partial<Record<ListKey, readonly ClerkChild[]>> = {};
  const extra = findExtra(sent, USER_KEYS);
  for (const [key, value] of Object.entries(parsed.output)) {
    if (LIST_KEYS.has(key)) addList({ lists, extra }, key as ListKey, value, sent[key]);
    else if (!VERSION_KEYS.has(key)) values[key] = value;
  }
  const { id, updated_at: updatedAt } = parsed.output;
  return { id, updatedAt: updatedAt ?? undefined, values, lists, extra };
}

/** Keeps children that have no key, as they were sent, in the user's `extra` under the name of their list. */
function addList(
  { lists, extra }: { lists: Partial<Record<ListKey, readonly ClerkChild[]>>; extra: Properties },
  key: ListKey,
  values: unknown,
  sent: unknown,
): void {
  const children = ((values ?? []) as Properties[]).map((value, index) => {
    const child = (sent as Properties[])[index] as Properties;
    return { child, id: findChildId(key, child), value };
  });
  lists[key] = children.flatMap(({ child, id, value }) => (id === undefined ? [] : [makeChild(key, id, value, child)]));
  const unkeyed = children.filter(({ id }) => id === undefined).map(({ child }) => child);
  if (unkeyed.length > 0) extra[key] = unkeyed;
}

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

/** Properties of a request to change a user whose values nobody may see again: they are erased once it is settled. */
export const REQUEST_SECRETS: readonly string[] = ['password', 'password_digest', 'totp_secret', 'backup_codes'];

/** Their keys belong to the application, whatever their names are. */
const METADATA_KEYS: ReadonlySet<string> = new Set(['public_metadata', 'private_metadata', 'unsafe_metadata']);

/**
 * The value without secrets, at any depth: Clerk may put them anywhere. A value without any, which is nearly every one,
 * comes back as it is.
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
