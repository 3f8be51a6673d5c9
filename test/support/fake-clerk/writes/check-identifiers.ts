import type { ApiUserJson } from '../make-api-user.ts';
import type { FakeInstance } from './fake-instance.ts';
import { type Problem, refuse, refuseProperty } from './problems.ts';

type Properties = Readonly<Record<string, unknown>>;

/** One identification of a user, as far as it is judged here. */
export interface Identification {
  readonly id: string;
  readonly reserved?: boolean;
  readonly verification?: { readonly status?: string } | null;
  readonly linked_to?: readonly unknown[];
}

/** The lists that a user can sign in with, and the property that names the primary one. */
const IDENTIFIERS = {
  email_addresses: 'primary_email_address_id',
  phone_numbers: 'primary_phone_number_id',
  web3_wallets: 'primary_web3_wallet_id',
} as const;

type IdentifierList = keyof typeof IDENTIFIERS;
const LISTS = Object.keys(IDENTIFIERS) as IdentifierList[];

/** The identifications in one of a user's lists. */
export function readList(user: ApiUserJson, list: string): readonly Identification[] {
  return (user[list] ?? []) as Identification[];
}

/** True for one that can be primary: a reserved one is not verified. */
export function isVerified({ reserved, verification }: Identification): boolean {
  return reserved !== true && verification?.status === 'verified';
}

/** How many things a user can sign in with. */
export function countIdentifiers(user: ApiUserJson): number {
  const lists = [...LISTS, 'external_accounts', 'enterprise_accounts'];
  const count = lists.reduce((sum, list) => sum + readList(user, list).length, 0);
  return count + (typeof user.username === 'string' ? 1 : 0);
}

/** What is wrong with the ids, the username and the external id that a request sets. */
export function checkIdentifiers(instance: FakeInstance, user: ApiUserJson, properties: Properties): Problem[] {
  return [
    checkExternalId(instance, user, properties.external_id),
    checkUsername(instance, user, properties.username),
    ...LISTS.map((list) => checkPrimary(user, list, properties[IDENTIFIERS[list]])),
    checkImage(instance, properties.profile_image_id),
  ].filter((problem) => problem !== undefined);
}

function checkExternalId(instance: FakeInstance, { id }: ApiUserJson, value: unknown): Problem | undefined {
  if (typeof value !== 'string') return undefined;
  const isTaken = instance.users.values().some((other) => other.id !== id && other.external_id === value);
  return isTaken ? refuseTaken('external_id', 'external id') : undefined;
}

/** Clerk says the same of a username, an external id and an address. */
export function refuseTaken(property: string, what: string): Problem {
  return refuseProperty(property, 'form_identifier_exists', `That ${what} is taken. Please try another.`);
}

function checkUsername(instance: FakeInstance, user: ApiUserJson, value: unknown): Problem | undefined {
  if (value === null || value === '') return checkRemoval(user);
  if (typeof value !== 'string') return undefined;
  const [code, message] = findUsernameFault(value) ?? [];
  if (code !== undefined) return refuseProperty('username', code, message ?? '');
  const same = (other: ApiUserJson) => String(other.username).toLowerCase() === value.toLowerCase();
  const isTaken = instance.users.values().some((other) => other.id !== user.id && same(other));
  return isTaken ? refuseTaken('username', 'username') : undefined;
}

function checkRemoval(user: ApiUserJson): Problem | undefined {
  if (typeof user.username !== 'string' || countIdentifiers(user) > 1) return undefined;
  return refuse(400, 'last_required_identification_deletion_failed', 'You cannot delete your last identification.');
}

function findUsernameFault(value: string): readonly [string, string] | undefined {
  if (value.length < 4 || value.length > 64) {
    return ['form_username_invalid_length', 'Username must be between 4 and 64 characters long.'];
  }
  if (!/^[\w-]+$/.test(value)) {
    return ['form_username_invalid_character', `Username can only contain letters, numbers, '_' and '-'.`];
  }
  if (/^\d+$/.test(value)) {
    return ['form_username_needs_non_number_char', 'Username must contain one non-number character.'];
  }
  return undefined;
}

function checkPrimary(user: ApiUserJson, list: IdentifierList, value: unknown): Problem | undefined {
  if (typeof value !== 'string') return undefined;
  const property = IDENTIFIERS[list];
  const found = readList(user, list).find(({ id }) => id === value);
  if (found === undefined) return refuseProperty(property, 'form_resource_not_found', `${value} was not found.`);
  return isVerified(found)
    ? undefined
    : refuseProperty(property, 'form_verification_needed', `${value} must be verified first.`);
}

function checkImage({ images }: FakeInstance, value: unknown): Problem | undefined {
  if (typeof value !== 'string' || images.has(value)) return undefined;
  return refuseProperty('profile_image_id', 'image_not_found', 'Image not found', 404);
}
