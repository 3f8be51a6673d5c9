import { isSameJson } from '../clerk/json/is-same-json.ts';
import { isObject, readMoment } from '../clerk/user/fields.ts';
import type { ClerkUser, UserValues } from '../clerk/user/parse-user.ts';

/**
 * What a user at Clerk shows of one property that a request asked for. `unknown`: the property is an order, which no user
 * shows, and Clerk may have obeyed it. A property that is `not_applied` can be sent again without harm.
 */
export type Verdict = 'applied' | 'not_applied' | 'unknown';

/** What a request asked for. */
export interface AskedChange {
  /** As `parseJson` reads it: numbers keep each digit. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly metadataMode: 'replace' | 'merge';
  /** When the call began, by Clerk's clock; null where nothing has been sent yet. */
  readonly sentAt: Date | null;
}

/** Tells for each property of a request whether a user, observed since, is as it was asked for. */
export function compareAnswer(asked: AskedChange, user: ClerkUser): Readonly<Record<string, Verdict>> {
  const entries = Object.entries(asked.request);
  return Object.fromEntries(entries.map(([name, value]) => [name, judge(name, value, { asked, values: user.values })]));
}

interface Compared {
  readonly asked: AskedChange;
  readonly values: UserValues;
}

type Judge = (value: unknown, compared: Compared) => Verdict;

function judge(name: string, value: unknown, compared: Compared): Verdict {
  return JUDGES.get(name)?.(value, compared) ?? 'unknown';
}

function toVerdict(isApplied: boolean): Verdict {
  return isApplied ? 'applied' : 'not_applied';
}

/** A state: a property that a user has under the same name. One that Clerk has left out is null. */
function state(name: keyof UserValues, isSame: (asked: unknown, found: unknown) => boolean): Judge {
  return (value, { values }) => toVerdict(isSame(value, values[name] ?? null));
}

/** Clerk takes an empty text for none: `username` is removed by it. */
function isSameText(asked: unknown, found: unknown): boolean {
  return (asked === '' ? null : asked) === (found === '' ? null : found);
}

/** More digits of a second than a user has. */
const BELOW_MS = /\.\d{3}\d*[1-9]/;

/** A request has RFC 3339, a user whole milliseconds: Clerk cuts the digits below, or rounds them up. */
function isSameTime(asked: unknown, found: unknown): boolean {
  if (typeof asked !== 'string' || !(found instanceof Date)) return asked === found;
  const aheadMs = found.getTime() - (readMoment(asked)?.getTime() ?? Number.NaN);
  return aheadMs === 0 || (aheadMs === 1 && BELOW_MS.test(asked));
}

/** Clerk leaves this flag out if it is false, so null asks for the same. */
function isSameFlag(asked: unknown, found: unknown): boolean {
  return (asked ?? false) === (found ?? false);
}

/** Metadata that was replaced is equal to what was asked. Metadata that was merged contains it. */
function metadata(kind: 'public_metadata' | 'private_metadata' | 'unsafe_metadata'): Judge {
  return (value, { asked, values }) => {
    const found = values[kind] ?? null;
    if (asked.metadataMode === 'replace') return toVerdict(isSameJson(value, found));
    return toVerdict(value === null ? found === null || isSameJson(found, {}) : isMergedInto(found, value));
  };
}

/** A merge goes into objects at every level, removes what is null, and replaces everything else whole. */
function isMergedInto(found: unknown, merged: unknown): boolean {
  if (!isObject(merged) || JSON.isRawJSON(merged)) return isSameJson(found, merged);
  if (!isObject(found) || JSON.isRawJSON(found)) return false;
  return Object.entries(merged).every(([key, value]) =>
    value === null ? !Object.hasOwn(found, key) : Object.hasOwn(found, key) && isMergedInto(found[key], value),
  );
}

/** Removed, or not there: asking again for nothing does no harm. */
function absence(flag: 'password_enabled' | 'totp_enabled' | 'backup_code_enabled', { values }: Compared): Verdict {
  return toVerdict(values[flag] !== true);
}

/** A time that is not earlier than the call proves that a password was set. A user does not show which one. */
const judgePassword: Judge = (_value, { asked: { sentAt }, values: { password_last_updated_at: setAt } }) =>
  sentAt !== null && setAt instanceof Date && setAt >= sentAt ? 'applied' : 'unknown';

/** An order that only `true` gives. */
const judgeOrder: Judge = (value) => (value === true ? 'unknown' : 'applied');

const JUDGES: ReadonlyMap<string, Judge> = new Map<string, Judge>([
  ['external_id', state('external_id', isSameText)],
  ['first_name', state('first_name', isSameText)],
  ['last_name', state('last_name', isSameText)],
  ['username', state('username', isSameText)],
  ['locale', state('locale', isSameText)],
  ['primary_email_address_id', state('primary_email_address_id', isSameText)],
  ['primary_phone_number_id', state('primary_phone_number_id', isSameText)],
  ['primary_web3_wallet_id', state('primary_web3_wallet_id', isSameText)],
  ['delete_self_enabled', state('delete_self_enabled', isSameJson)],
  ['create_organization_enabled', state('create_organization_enabled', isSameJson)],
  ['create_organizations_limit', state('create_organizations_limit', isSameJson)],
  ['bypass_client_trust', state('bypass_client_trust', isSameFlag)],
  ['legal_accepted_at', state('legal_accepted_at', isSameTime)],
  ['created_at', state('created_at', isSameTime)],
  ['public_metadata', metadata('public_metadata')],
  ['private_metadata', metadata('private_metadata')],
  ['unsafe_metadata', metadata('unsafe_metadata')],
  // Neither is seen in a user, and both may be sent again. Only that there is no picture can be seen.
  ['profile_image_id', (value, { values }) => toVerdict(value === null && values.has_image === false)],
  ['skip_legal_checks', () => 'not_applied'],
  [
    'password',
    (value, compared) => (value === null ? absence('password_enabled', compared) : judgePassword(value, compared)),
  ],
  ['password_digest', judgePassword],
  ['password_hasher', judgePassword],
  // It is part of the password's order; alone it asks for nothing.
  [
    'skip_password_checks',
    (value, compared) =>
      typeof compared.asked.request.password === 'string' ? judgePassword(value, compared) : 'applied',
  ],
  ['sign_out_of_other_sessions', judgeOrder],
  ['notify_primary_email_address_changed', judgeOrder],
  ['totp_secret', (value, compared) => (value === null ? absence('totp_enabled', compared) : 'unknown')],
  [
    'backup_codes',
    (value, compared) =>
      Array.isArray(value) && value.length === 0 ? absence('backup_code_enabled', compared) : 'unknown',
  ],
]);
