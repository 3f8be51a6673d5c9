import { createHash } from 'node:crypto';
import type { Origin } from '../../drizzle/schema/codes.ts';
import type { ApiUser } from '../clerk/api/api-user.ts';
import type { Unreadable, UnreadableReason } from '../clerk/unreadable.ts';
import { type ClerkEvent, type MessageFacts, parseEvent } from '../clerk/webhook/parse-event.ts';
import type { VerifiedDelivery } from '../clerk/webhook/verify-delivery.ts';
import type { DeliverySpan } from '../tracing/tracing.ts';
import { makeSnapshot, type UserSnapshot, type UserTombstone } from './snapshots/snapshot.ts';

/** Why something is a dead letter, as a code. `explainDeadLetter` has to explain each. */
export type LetterReason = UnreadableReason | 'rejected_by_database';

/** What can't be applied, and why. It becomes a dead letter. */
export interface EntryFailure {
  readonly kind: 'dead_letter';
  readonly reason: LetterReason;
  /** A sentence for people. It quotes nothing of the body. */
  readonly error: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** The letter's body is kept with every character escaped that is not ASCII: the database can't hold them. */
  readonly isAscii?: boolean;
}

/** What an entry does to the tables. `ignored`: an event of a type that changes nothing here. */
export type Change = UserSnapshot | UserTombstone | { readonly kind: 'ignored' } | EntryFailure;

interface EntryBase {
  readonly change: Change;
  /** The text that it was read from, secrets and all. It is kept only in a dead letter. */
  readonly readBody: () => string;
  /** Of a replay only: the version of its letter's row when that was read. If the row has changed since, nothing is applied. */
  readonly letterVersion?: string;
}

/** A verified delivery, for the write path to settle. */
export interface DeliveryEntry extends EntryBase {
  readonly message: MessageFacts;
  /** Texts and numbers that had to be changed for Postgres to take them. */
  readonly sanitized: number;
  /** Undefined where no traces are made. */
  readonly span?: DeliverySpan | undefined;
}

/** Who reads users from the Backend API. */
export type ApiOrigin = Exclude<Origin, 'webhook'>;

/** When, by whom and of which instance something was read from the Backend API. */
export interface ApiObservation {
  readonly origin: ApiOrigin;
  /** It takes the place of a message id in the version of what is written, and is named in a dead letter. */
  readonly runId: string;
  /** Null if the API does not tell. */
  readonly instanceId: string | null;
  /** Just before the request: what was answered was true then or later. */
  readonly observedAt: Date;
}

/** What the Backend API says of a user, for the write path to settle. No ledger knows it. */
export interface ObservedEntry extends EntryBase {
  readonly observation: ApiObservation;
  readonly userId: string | null;
  /** The dead letter of this user: there is one, with the newest attempt. */
  readonly letterId: string;
}

/** One thing for the write path to settle. */
export type BatchEntry = DeliveryEntry | ObservedEntry;

/** True for a delivery. */
export function isDelivery(entry: BatchEntry): entry is DeliveryEntry {
  return 'message' in entry;
}

/** The id of the dead letter that an entry has, or would become. */
export function getLetterId(entry: BatchEntry): string {
  return isDelivery(entry) ? entry.message.messageId : entry.letterId;
}

/** The user whom an entry is about. Null if it can't be read. */
export function getUserId(entry: BatchEntry): string | null {
  return isDelivery(entry) ? entry.message.userId : entry.userId;
}

/** Reads a verified delivery. */
export function makeDeliveryEntry(delivery: VerifiedDelivery, span?: DeliverySpan): DeliveryEntry {
  const event = parseEvent(delivery);
  const { message, sanitized } = event;
  return { message, change: toChange(event), readBody: () => delivery.body, sanitized, span };
}

function toChange({ message: { messageId, eventAt, instanceId }, content }: ClerkEvent): Change {
  switch (content.kind) {
    case 'user':
      return makeSnapshot(content.user, { messageId, observedAt: eventAt, instanceId });
    case 'user_deleted':
      return { kind: 'tombstone', userId: content.userId, instanceId, deletedAt: eventAt, messageId };
    case 'other':
      return { kind: 'ignored' };
    case 'unreadable':
      return makeFailure(content.unreadable, 'The event does not have the shape that Clerk documents');
  }
}

/** A user whom the Backend API has. */
export function makeApiEntry(apiUser: ApiUser, observation: ApiObservation): ObservedEntry {
  const { runId, observedAt, instanceId } = observation;
  const { id, user, readBody } = apiUser;
  const change =
    user === undefined
      ? makeFailure(apiUser.unreadable, "The Backend API's user does not have Clerk's shape")
      : makeSnapshot(user, { messageId: runId, observedAt, instanceId });
  return { observation, userId: id, letterId: `api_${id ?? hash(readBody())}`, change, readBody };
}

/** A user whom the Backend API, asked for the id, does not have. */
export function makeApiTombstone(userId: string, observation: ApiObservation): ObservedEntry {
  const { runId, observedAt, instanceId } = observation;
  return {
    observation,
    userId,
    letterId: `api_${userId}`,
    change: { kind: 'tombstone', userId, instanceId, deletedAt: observedAt, messageId: runId },
    // As the data of a `user.deleted`, which is how a replay knows it.
    readBody: () => JSON.stringify({ object: 'user', id: userId, deleted: true }),
  };
}

/** Without an id only the text tells one user from another. */
function hash(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 16);
}

/** Issues that are kept: the first ones say enough. */
const MAX_ISSUES = 20;

function makeFailure({ reason, error, issues }: Unreadable, wrongShape: string): EntryFailure {
  return {
    kind: 'dead_letter',
    reason,
    error: reason === 'invalid_shape' ? `${wrongShape}: ${error}.` : error,
    details: { issues: issues.slice(0, MAX_ISSUES) },
  };
}
