import { answerJson, type FakeAnswer } from '../clerk-answers.ts';
import type { ApiUserJson } from '../make-api-user.ts';
import { checkCredentials } from './check-credentials.ts';
import { checkIdentifiers } from './check-identifiers.ts';
import { type FakeInstance, saveUser, type WriteRequest } from './fake-instance.ts';
import { answerProblems, type Problem, refuseProperty } from './problems.ts';
import { checkTypes, toMs } from './user-properties.ts';

type Properties = Readonly<Record<string, unknown>>;

/** No limit is published; this one is the fake's. */
const MAX_NAME_LENGTH = 256;
const MAX_LIMIT = 2 ** 31 - 1;

/** `PATCH /users/{id}` in version 2026-05-12: all or nothing. */
export function patchUser(instance: FakeInstance, request: WriteRequest, user: ApiUserJson): FakeAnswer {
  const { properties } = request;
  const unfit = checkTypes(properties, instance.disabled);
  const problems = unfit.length > 0 ? unfit : checkValues(instance, user, properties);
  if (problems.length > 0) return answerProblems(problems);
  const orders = findOrders(properties);
  return answerJson(saveUser(instance, request, changeUser(user, properties, instance.now()), orders));
}

function checkValues(instance: FakeInstance, user: ApiUserJson, properties: Properties): Problem[] {
  return [
    ...checkIdentifiers(instance, user, properties),
    ...checkCredentials(user, properties),
    ...['first_name', 'last_name'].flatMap((name) => checkName(name, properties[name]) ?? []),
    ...(checkLocale(properties.locale) ?? []),
    ...(checkLimit(properties.create_organizations_limit) ?? []),
    ...(checkCreatedAt(properties.created_at, instance.now()) ?? []),
  ];
}

function checkName(name: string, value: unknown): Problem | undefined {
  if (typeof value !== 'string' || value.length <= MAX_NAME_LENGTH) return undefined;
  return refuseProperty(name, 'form_param_max_length_exceeded', `${name} is longer than ${MAX_NAME_LENGTH}.`);
}

function checkLocale(value: unknown): Problem[] | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    Intl.getCanonicalLocales(value);
    return undefined;
  } catch {
    return [refuseProperty('locale', 'form_param_format_invalid', 'must be a valid BCP-47 language tag')];
  }
}

function checkLimit(value: unknown): Problem[] | undefined {
  if (typeof value !== 'number' || (value >= 0 && value <= MAX_LIMIT)) return undefined;
  const code = value < 0 ? 'form_param_value_invalid' : 'form_param_value_too_large';
  return [refuseProperty('create_organizations_limit', code, `must be between 0 and ${MAX_LIMIT}`)];
}

function checkCreatedAt(value: unknown, now: number): Problem[] | undefined {
  const ms = toMs(value);
  if (ms === null || ms <= now) return undefined;
  return [refuseProperty('created_at', 'form_disallow_future_date', 'created_at must not be in the future.')];
}

/** What no User shows afterwards: doing it twice is not the same as doing it once. */
function findOrders(properties: Properties): string[] {
  return Object.entries(properties).flatMap(([name, value]) => {
    const isFlag = name === 'sign_out_of_other_sessions' || name === 'notify_primary_email_address_changed';
    if (isFlag) return value === true ? [name] : [];
    const isSecret = ['password', 'password_digest', 'totp_secret', 'backup_codes'].includes(name);
    return isSecret && value !== null ? [name] : [];
  });
}

/** Properties that a User has under the same name, and as they were sent. */
const SAME: ReadonlySet<string> = new Set([
  ...['external_id', 'first_name', 'last_name', 'locale'],
  ...['primary_email_address_id', 'primary_phone_number_id', 'primary_web3_wallet_id'],
]);
/** Null leaves them as they are. */
const FLAGS: ReadonlySet<string> = new Set(['delete_self_enabled', 'create_organization_enabled']);

function changeUser(user: ApiUserJson, properties: Properties, now: number): ApiUserJson {
  const changed: Record<string, unknown> = { ...user };
  for (const [name, value] of Object.entries(properties)) {
    if (SAME.has(name)) changed[name] = value;
    else if (FLAGS.has(name)) changed[name] = value ?? user[name];
    else Object.assign(changed, changeProperty(name, value, now));
  }
  return changed as ApiUserJson;
}

function changeProperty(name: string, value: unknown, now: number): Properties {
  switch (name) {
    case 'username':
      return { username: value === '' ? null : value };
    case 'password':
    case 'password_digest':
      return value === null ? {} : { password_enabled: true, password_last_updated_at: now };
    case 'totp_secret':
      return value === null ? {} : { totp_enabled: true, two_factor_enabled: true, mfa_enabled_at: now };
    case 'backup_codes':
      return { backup_code_enabled: (value as readonly string[]).length > 0 };
    case 'profile_image_id':
      return { has_image: value !== null, image_url: `https://img.clerk.com/${value ?? 'default'}` };
    // Clerk clears these two by leaving them out, and JSON leaves out what is undefined.
    case 'create_organizations_limit':
      return { create_organizations_limit: value ?? undefined };
    case 'bypass_client_trust':
      return { bypass_client_trust: value === true || undefined };
    case 'legal_accepted_at':
      return { legal_accepted_at: toMs(value) };
    case 'created_at':
      return value === null ? {} : { created_at: toMs(value) };
    default:
      return {};
  }
}
