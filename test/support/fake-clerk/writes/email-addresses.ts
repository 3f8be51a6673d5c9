import { answerJson, type FakeAnswer } from '../clerk-answers.ts';
import type { ApiUserJson } from '../make-api-user.ts';
import { countIdentifiers, type Identification, isVerified, readList, refuseTaken } from './check-identifiers.ts';
import { type FakeInstance, saveUser, type WriteRequest } from './fake-instance.ts';
import { answerProblems, type Problem, refuse, refuseId, refuseProperty, refuseUnknown } from './problems.ts';
import { refuseType } from './user-properties.ts';

type Email = Identification & { readonly email_address?: unknown };

const FLAGS = ['verified', 'primary', 'notify_primary_email_address_changed'];
const TEXTS = ['user_id', 'email_address'];

/** `POST /email_addresses`: not verified and not primary, unless the body says so. */
export function addEmail(instance: FakeInstance, request: WriteRequest): FakeAnswer {
  const { properties, place } = request;
  const problems = [...checkTexts(properties), ...checkFlags(properties, [...TEXTS, ...FLAGS])];
  if (problems.length > 0) return answerProblems(problems);
  const user = instance.users.get(String(properties.user_id));
  if (user === undefined) return answerProblems([refuseId('user', String(properties.user_id))]);
  const refused = checkNewAddress(instance, properties);
  if (refused !== undefined) return answerProblems([refused]);
  const now = instance.now();
  const email = {
    ...{ id: `idn_${String(place).padStart(7, '0').padStart(27, 'W')}`, object: 'email_address' },
    ...{ email_address: properties.email_address, reserved: false, matches_sso_connection: false },
    verification: properties.verified === true ? makeVerification() : null,
    ...{ linked_to: [], created_at: now, updated_at: now },
  };
  return saveEmails(instance, request, user, { emails: [...readEmails(user), email], email });
}

/** `PATCH /email_addresses/{id}`: whether it is verified, and primary. The address can't change. */
export function changeEmail(instance: FakeInstance, request: WriteRequest): FakeAnswer {
  const { properties, id } = request;
  const problems = checkFlags(properties, FLAGS);
  if (problems.length > 0) return answerProblems(problems);
  const [user, email] = findEmail(instance, id) ?? [];
  if (user === undefined || email === undefined) return answerProblems([refuseId('email address', id)]);
  const verification = properties.verified === false ? null : makeVerification();
  const changed = typeof properties.verified === 'boolean' ? { ...email, verification } : email;
  if (properties.primary === true && !isVerified(changed)) return answerProblems([refuseUnverified()]);
  const emails = readEmails(user).map((other) => (other.id === id ? changed : other));
  return saveEmails(instance, request, user, { emails, email: changed });
}

/** `DELETE /email_addresses/{id}`: the next verified address becomes primary. */
export function dropEmail(instance: FakeInstance, request: WriteRequest): FakeAnswer {
  const { id } = request;
  const [user, email] = findEmail(instance, id) ?? [];
  if (user === undefined || email === undefined) return answerProblems([refuseId('email address', id)]);
  if ((email.linked_to?.length ?? 0) > 0) {
    return answerProblems([refuse(400, 'delete_linked_identification_disallowed', 'It is linked to an account.')]);
  }
  if (countIdentifiers(user) <= 1) {
    return answerProblems([refuse(400, 'last_required_identification_deletion_failed', 'It is the last one.')]);
  }
  const rest = readEmails(user).filter((other) => other.id !== id);
  const primary = user.primary_email_address_id;
  const next = primary === id ? (rest.find(isVerified)?.id ?? null) : primary;
  saveUser(instance, request, { ...user, email_addresses: rest, primary_email_address_id: next });
  return answerJson({ object: 'email_address', id, deleted: true });
}

function saveEmails(
  instance: FakeInstance,
  request: WriteRequest,
  user: ApiUserJson,
  { emails, email }: { readonly emails: readonly Email[]; readonly email: Email },
): FakeAnswer {
  const { primary, notify_primary_email_address_changed: notify } = request.properties;
  const primaryId = primary === true ? email.id : user.primary_email_address_id;
  const changed = { ...user, email_addresses: emails, primary_email_address_id: primaryId };
  saveUser(instance, request, changed, notify === true ? ['notify_primary_email_address_changed'] : []);
  return answerJson(email);
}

function checkTexts(properties: WriteRequest['properties']): Problem[] {
  return TEXTS.flatMap((name) => {
    if (!(name in properties)) return [refuseProperty(name, 'form_param_missing', `${name} must be included.`)];
    return typeof properties[name] === 'string' ? [] : [refuseType(name, properties[name], 'string')];
  });
}

/** Flags that are none, and properties that are not among the known ones. */
function checkFlags(properties: WriteRequest['properties'], known: readonly string[]): Problem[] {
  return Object.entries(properties).flatMap(([name, value]) => {
    if (!known.includes(name)) return [refuseUnknown(name)];
    const fits = !FLAGS.includes(name) || value === null || typeof value === 'boolean';
    return fits ? [] : [refuseType(name, value, 'boolean')];
  });
}

function checkNewAddress(instance: FakeInstance, properties: WriteRequest['properties']): Problem | undefined {
  const address = String(properties.email_address);
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(address)) {
    return refuseProperty('email_address', 'form_param_format_invalid', 'email_address must be a valid email address.');
  }
  const isSame = (email: Email) => String(email.email_address).toLowerCase() === address.toLowerCase();
  if (instance.users.values().some((user) => readEmails(user).some(isSame))) {
    return refuseTaken('email_address', 'email address');
  }
  return properties.primary === true && properties.verified !== true ? refuseUnverified() : undefined;
}

function refuseUnverified(): Problem {
  return refuseProperty('primary', 'form_verification_needed', 'The email address must be verified first.');
}

function readEmails(user: ApiUserJson): readonly Email[] {
  return readList(user, 'email_addresses');
}

function findEmail(instance: FakeInstance, id: string): readonly [ApiUserJson, Email] | undefined {
  for (const user of instance.users.values()) {
    const email = readEmails(user).find((one) => one.id === id);
    if (email !== undefined) return [user, email];
  }
  return undefined;
}

/** As an administrator verifies one. */
function makeVerification() {
  return { object: 'verification_admin', status: 'verified', strategy: 'admin', attempts: null, expire_at: null };
}
