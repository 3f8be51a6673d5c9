import * as v from 'valibot';
import { type ParsedJson, parseJson } from '../json/parse-json.ts';
import { type Issue, type Reading, refuseId, refuseShape, toIssue } from '../unreadable.ts';
import { describeIssue, isObject, readId, readMoment, text, time } from '../user/fields.ts';
import { type ClerkUser, parseUser } from '../user/parse-user.ts';
import type { VerifiedDelivery } from './verify-delivery.ts';

/** The six facts of a message. They have these names from here to the rows of the ledger and of dead letters. */
export interface MessageFacts {
  readonly messageId: string;
  /** Null if the event can't be read so far. The same holds for the next two. */
  readonly eventType: string | null;
  /** The user that the event is about. */
  readonly userId: string | null;
  readonly instanceId: string | null;
  /** When Clerk made the event: the envelope's `timestamp`, or else the time of the signature. */
  readonly eventAt: Date;
  readonly receivedAt: Date;
}

/** What an event says. `user.created` and `user.updated` both carry the whole user. */
export type EventContent =
  | { readonly kind: 'user'; readonly user: ClerkUser }
  | { readonly kind: 'user_deleted'; readonly userId: string }
  | { readonly kind: 'other' };

/** A fact that Clerk states, or why it can't be read. */
export interface ClerkEvent {
  readonly message: MessageFacts;
  readonly content: Reading<EventContent>;
  /** Texts and numbers that had to be changed for Postgres to take them. */
  readonly sanitized: number;
}

const USER_TYPES: ReadonlySet<string> = new Set(['user.created', 'user.updated']);

/** Parses a delivery's body. The facts hold all that can be known, also of an event that can't be read. */
export function parseEvent(delivery: VerifiedDelivery): ClerkEvent {
  const parsed = parseJson(delivery.body);
  const envelope = 'unreadable' in parsed ? parsed : readEnvelope(parsed);
  if ('unreadable' in envelope) return { message: readFacts(delivery, {}), content: envelope, sanitized: 0 };
  const message = readFacts(delivery, envelope.properties);
  const content = readContent(envelope.properties, message);
  return { message, content, sanitized: content.kind === 'unreadable' ? 0 : envelope.replaced };
}

type Properties = Record<string, unknown>;

function readEnvelope({ value, replaced }: ParsedJson): Reading<{ properties: Properties; replaced: number }> {
  if (isObject(value)) return { properties: value, replaced };
  return refuseShape([{ path: 'body', message: 'Expected an object' }]);
}

/** What goes into the rows, beside the user. Where they are absent, the delivery says enough. */
const envelopeSchema = v.object({ instance_id: text, timestamp: time });

function readFacts(delivery: VerifiedDelivery, envelope: Properties): MessageFacts {
  const { instance_id: instanceId, timestamp, data } = envelope;
  const eventType = readText(envelope.type);
  return {
    messageId: delivery.messageId,
    eventType,
    userId: eventType?.startsWith('user.') === true && isObject(data) ? readId(data.id) : null,
    instanceId: readText(instanceId),
    eventAt: readMoment(timestamp) ?? delivery.signedAt,
    receivedAt: delivery.receivedAt,
  };
}

function readContent(
  envelope: Properties,
  { eventType, userId }: Pick<MessageFacts, 'eventType' | 'userId'>,
): Reading<EventContent> {
  if (eventType === null) return refuseShape([{ path: 'type', message: 'Expected the type of the event' }]);
  const isUser = USER_TYPES.has(eventType);
  if (!isUser && eventType !== 'user.deleted') return { kind: 'other' };
  const parsed = v.safeParse(envelopeSchema, envelope, { message: describeIssue });
  if (!parsed.success) return refuseShape(parsed.issues.map(toIssue));
  const { data } = envelope;
  if (!isObject(data)) return refuseShape([{ path: 'data', message: 'Expected an object' }]);
  if (userId === null) return refuseId('data.id', 'The event does not say which user it is about.');
  if (!isUser) return { kind: 'user_deleted', userId };
  const user = parseUser(data);
  if ('unreadable' in user) return refuseShape(user.unreadable.issues.map(toDataIssue));
  return { kind: 'user', user };
}

/** In an event the user is its `data`. */
function toDataIssue({ path, message }: Issue): Issue {
  return { path: `data.${path}`, message };
}

function readText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
