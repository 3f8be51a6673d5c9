import { createAda } from './ada.ts';
import { createEmailAddress, createPasskey } from './identifications.ts';
import { createPerson } from './people.ts';
import { createRandom, type Random } from './random.ts';
import { SAMPLE_INSTANCE_ID } from './sample-instances.ts';
import { createBareUser, type SampleUser } from './sample-user.ts';
import { signUpByEmail } from './sign-up.ts';

/** One message to send. Each delivery of it has the same id and the same body. */
export interface SampleEvent {
  messageId: string;
  type: string;
  /** The user that the event is about; null for an event about something else. */
  userId: string | null;
  body: string;
}

/** What an event consists of. */
export interface Envelope {
  type: string;
  data: Record<string, unknown> | SampleUser;
  timestampMs: number;
  instanceId: string;
  clientIp: string;
}

/** The event types that have a sample. Types that are not about users show that they are ignored. */
export const SAMPLE_EVENT_TYPES = [
  'user.created',
  'user.updated',
  'user.deleted',
  'session.created',
  'organization.created',
] as const;
/** A type that has a sample. */
export type SampleEventType = (typeof SAMPLE_EVENT_TYPES)[number];

/** Whether a type has a sample. */
export function isSampleEventType(text: string): text is SampleEventType {
  return (SAMPLE_EVENT_TYPES as readonly string[]).includes(text);
}

/** The seed of Ada, the default sample user. */
export const SAMPLE_SEED = 1;

/** When the sample users signed up: the same in each event about them. */
const SAMPLE_SIGN_UP_MS = Date.UTC(2026, 0, 5, 9, 30);
const USER_AGENT =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36';

/** An event about the sample user of this seed: the same user for the same seed, whatever the type. */
export function createSampleEvent(type: SampleEventType, seed: number, nowMs: number): Omit<SampleEvent, 'messageId'> {
  const random = createRandom(seed);
  const user = createSampleUser(random, seed);
  const body = formatEnvelope({
    type,
    data: createSampleData(type, random, user, nowMs),
    timestampMs: nowMs + random.integer(12, 58),
    instanceId: SAMPLE_INSTANCE_ID,
    clientIp: '192.0.2.50',
  });
  return { type, userId: type.startsWith('user.') ? user.id : null, body };
}

/** The JSON text of an event, with its keys in the order of captured events. */
export function formatEnvelope({ type, data, timestampMs, instanceId, clientIp }: Envelope): string {
  return JSON.stringify({
    data,
    event_attributes: { http_request: { client_ip: clientIp, user_agent: USER_AGENT } },
    instance_id: instanceId,
    object: 'event',
    timestamp: timestampMs,
    type,
  });
}

/** The data of `user.deleted`: it only says which user it was. */
export function createDeletedData(user: SampleUser): Record<string, unknown> {
  return {
    deleted: true,
    ...(user.external_id === null ? {} : { external_id: user.external_id }),
    id: user.id,
    object: 'user',
  };
}

/** An event that is not about a user's own data; clerk-sync ignores it. */
export function createSessionData(random: Random, userId: string, atMs: number): Record<string, unknown> {
  return {
    abandon_at: atMs + 2_592_000_000,
    client_id: random.id('client_', atMs),
    created_at: atMs,
    expire_at: atMs + 604_800_000,
    id: random.id('sess_', atMs),
    last_active_at: atMs,
    object: 'session',
    status: 'active',
    updated_at: atMs,
    user_id: userId,
  };
}

function createSampleUser(random: Random, seed: number): SampleUser {
  if (seed === SAMPLE_SEED) return createAda(random, SAMPLE_SIGN_UP_MS);
  const user = createBareUser(random.id('user_', SAMPLE_SIGN_UP_MS), SAMPLE_SIGN_UP_MS);
  return signUpByEmail(random, user, createPerson(random));
}

function createSampleData(type: SampleEventType, random: Random, user: SampleUser, nowMs: number): Envelope['data'] {
  switch (type) {
    case 'user.created':
      return { ...user, updated_at: nowMs };
    case 'user.updated':
      return { ...growSampleUser(random, user), last_active_at: nowMs, last_sign_in_at: nowMs, updated_at: nowMs };
    case 'user.deleted':
      return createDeletedData(user);
    case 'session.created':
      return createSessionData(random, user.id, nowMs);
    case 'organization.created':
      return { created_at: nowMs, id: random.id('org_', nowMs), name: 'Acme', object: 'organization', slug: 'acme' };
  }
}

/** The sample user after an update: with other metadata, and one more row in two of the child tables. */
function growSampleUser(random: Random, user: SampleUser): SampleUser {
  const atMs = SAMPLE_SIGN_UP_MS + 86_400_000;
  const address = createEmailAddress(random, atMs, createPerson(random).email, false);
  return {
    ...user,
    email_addresses: [...user.email_addresses, address],
    passkeys: [...user.passkeys, createPasskey(random, atMs)],
    public_metadata: { plan: 'pro', seats: 3 },
  };
}
