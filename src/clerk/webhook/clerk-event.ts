import * as v from 'valibot';
import { InvalidEventError, toIssue } from '../invalid-event-error.ts';
import { parseJson } from '../json/json.ts';
import { describeIssue, isObject, readId, readTime, text, time } from '../user/fields.ts';
import { type ClerkUser, parseUser } from '../user/parse-user.ts';
import type { VerifiedDelivery } from './verify-delivery.ts';

interface EventBase {
  readonly messageId: string;
  readonly type: string;
  readonly userId: string | null;
  readonly instanceId: string | null;
  /** When Clerk made the event: the envelope's `timestamp`, or else the time of the signature. */
  readonly occurredAt: Date;
  readonly receivedAt: Date;
  /** Texts and numbers that had to be changed to be storable. */
  readonly sanitized: number;
}

/** A fact that Clerk states. `user.created` and `user.updated` both carry the whole user. */
export type ClerkEvent =
  | (EventBase & { readonly kind: 'user'; readonly userId: string; readonly user: ClerkUser })
  | (EventBase & { readonly kind: 'user_deleted'; readonly userId: string })
  | (EventBase & { readonly kind: 'other' });

/** What can be said of a delivery whose event can't be read: for the ledger and the dead letter. */
export interface EventFacts extends Omit<EventBase, 'type' | 'sanitized'> {
  readonly type: string | null;
}

const USER_TYPES: ReadonlySet<string> = new Set(['user.created', 'user.updated']);

/**
 * Parses a delivery's body.
 *
 * @throws {UnreadableEventError} with all that could be read, when the body is not an event as Clerk sends them.
 */
export function parseEvent(delivery: VerifiedDelivery): ClerkEvent {
  let envelope: Record<string, unknown> = {};
  try {
    const { value, replaced: sanitized } = parseJson(delivery.body);
    envelope = readEnvelope(value);
    return toEvent(envelope, readFacts(delivery, envelope), sanitized);
  } catch (error) {
    if (error instanceof InvalidEventError) throw new UnreadableEventError(readFacts(delivery, envelope), error);
    throw error;
  }
}

/** An `InvalidEventError` together with what could be read of the event. */
export class UnreadableEventError extends Error {
  override readonly name = 'UnreadableEventError';
  readonly facts: EventFacts;
  override readonly cause: InvalidEventError;

  constructor(facts: EventFacts, cause: InvalidEventError) {
    super(cause.message);
    this.facts = facts;
    this.cause = cause;
  }
}

function readEnvelope(value: unknown): Record<string, unknown> {
  if (isObject(value)) return value;
  throw InvalidEventError.ofShape([{ path: 'body', message: 'Expected an object' }]);
}

/** What goes into the rows, beside the user. Where they are absent, the delivery says enough. */
const envelopeSchema = v.object({ instance_id: text, timestamp: time });

/** Tolerant to the last: a dead letter should say as much as can be known. */
function readFacts(delivery: VerifiedDelivery, envelope: Record<string, unknown>): EventFacts {
  const { instance_id: instanceId, timestamp, data } = envelope;
  const type = readText(envelope.type);
  return {
    messageId: delivery.messageId,
    type,
    userId: type?.startsWith('user.') === true && isObject(data) ? readId(data.id) : null,
    instanceId: readText(instanceId),
    occurredAt: readTime(timestamp) ?? delivery.signedAt,
    receivedAt: delivery.receivedAt,
  };
}

function toEvent(
  envelope: Record<string, unknown>,
  { type, userId, ...facts }: EventFacts,
  sanitized: number,
): ClerkEvent {
  if (type === null) throw InvalidEventError.ofShape([{ path: 'type', message: 'Expected the type of the event' }]);
  const base = { ...facts, type, sanitized };
  const isUser = USER_TYPES.has(type);
  if (!isUser && type !== 'user.deleted') return { ...base, kind: 'other', userId };
  const parsed = v.safeParse(envelopeSchema, envelope, { message: describeIssue });
  if (!parsed.success) throw InvalidEventError.ofShape(parsed.issues.map((issue) => toIssue(issue)));
  const { data } = envelope;
  if (!isObject(data)) throw InvalidEventError.ofShape([{ path: 'data', message: 'Expected an object' }]);
  if (userId === null) {
    throw new InvalidEventError('missing_user_id', 'The event does not say which user it is about.', [
      { path: 'data.id', message: 'Expected the id of the user' },
    ]);
  }
  return isUser ? { ...base, kind: 'user', userId, user: parseUser(data) } : { ...base, kind: 'user_deleted', userId };
}

function readText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
