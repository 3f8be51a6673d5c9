import { readMoment } from '../../../../src/clerk/user/fields.ts';
import { type Problem, refuseProperty, refuseUnknown } from './problems.ts';

type PropertyType = 'string' | 'boolean' | 'integer' | 'time' | 'string list';

interface Rule {
  readonly type: PropertyType;
  readonly isNullable: boolean;
}

const nullable = (type: PropertyType): Rule => ({ type, isNullable: true });
const required = (type: PropertyType): Rule => ({ type, isNullable: false });

/** What `PATCH /users/{id}` takes in version 2026-05-12. */
const USER_PROPERTIES: Readonly<Record<string, Rule>> = {
  external_id: nullable('string'),
  first_name: nullable('string'),
  last_name: nullable('string'),
  username: nullable('string'),
  locale: nullable('string'),
  primary_email_address_id: nullable('string'),
  notify_primary_email_address_changed: nullable('boolean'),
  primary_phone_number_id: nullable('string'),
  primary_web3_wallet_id: nullable('string'),
  profile_image_id: nullable('string'),
  password: nullable('string'),
  password_digest: required('string'),
  password_hasher: required('string'),
  skip_password_checks: nullable('boolean'),
  sign_out_of_other_sessions: nullable('boolean'),
  totp_secret: nullable('string'),
  backup_codes: required('string list'),
  delete_self_enabled: nullable('boolean'),
  create_organization_enabled: nullable('boolean'),
  create_organizations_limit: nullable('integer'),
  legal_accepted_at: nullable('time'),
  skip_legal_checks: nullable('boolean'),
  created_at: nullable('time'),
  bypass_client_trust: nullable('boolean'),
};

/** What only `/users/{id}/metadata` takes since version 2026-05-12. */
export const METADATA_KINDS: ReadonlySet<string> = new Set(['public_metadata', 'private_metadata', 'unsafe_metadata']);

/** Parts of a user that an instance may not have, so that its properties are unknown. */
const FEATURES: ReadonlySet<string> = new Set(['totp_secret', 'backup_codes']);

type Properties = Readonly<Record<string, unknown>>;

/** Properties that there are not, or of another type than Clerk's: one problem each. */
export function checkTypes(properties: Properties, disabled: ReadonlySet<string>): Problem[] {
  return Object.entries(properties).flatMap(([name, value]) => checkType(name, value, disabled) ?? []);
}

function checkType(name: string, value: unknown, disabled: ReadonlySet<string>): Problem | undefined {
  if (METADATA_KINDS.has(name)) {
    return refuseProperty(name, 'form_param_deprecated', `${name} is deprecated: use /users/{id}/metadata.`);
  }
  const rule = Object.hasOwn(USER_PROPERTIES, name) ? USER_PROPERTIES[name] : undefined;
  if (rule === undefined) return refuseUnknown(name);
  if (disabled.has(name)) {
    return FEATURES.has(name) ? refuseProperty(name, 'feature_not_enabled', 'is off', 403) : refuseUnknown(name);
  }
  if (value === null && rule.isNullable) return undefined;
  return isOfType(value, rule.type) ? checkTime(name, value, rule) : refuseType(name, value, rule.type);
}

/** Clerk's words: `%v is invalid. Received %v, must be of type %v.` They quote what was sent. */
export function refuseType(name: string, value: unknown, type: string): Problem {
  const message = `${name} is invalid. Received ${JSON.stringify(value)}, must be of type ${type}.`;
  return refuseProperty(name, 'form_param_value_invalid', message);
}

function isOfType(value: unknown, type: PropertyType): boolean {
  if (type === 'string' || type === 'time') return typeof value === 'string';
  if (type === 'boolean') return typeof value === 'boolean';
  if (type === 'integer') return Number.isSafeInteger(value);
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

function checkTime(name: string, value: unknown, { type }: Rule): Problem | undefined {
  if (type !== 'time' || (RFC_3339.test(value as string) && readMoment(value) !== undefined)) return undefined;
  return refuseProperty(name, 'form_param_invalid_time', `${name} must be a time in RFC 3339.`);
}

/** A time that `checkTypes` has passed, as a User has it. */
export function toMs(value: unknown): number | null {
  return readMoment(value)?.getTime() ?? null;
}
