import { createHash } from 'node:crypto';
import type { ApiUser } from '../../clerk/api/api-user.ts';
import type { EventIssue, InvalidEventError } from '../../clerk/invalid-event-error.ts';
import { redactSecrets } from '../../clerk/json/redact-secrets.ts';
import { makeSnapshot } from '../snapshots/snapshot.ts';
import type { BatchEntry, DeadLetter, MessageFacts, Origin } from './batch-entry.ts';

/** Who read a user from the Backend API. */
export type ApiOrigin = Exclude<Origin, 'webhook'>;

/** When, by whom and of which instance something was read from the Backend API. */
export interface ApiObservation {
  readonly origin: ApiOrigin;
  /** The message id of what is written, and named in a dead letter. */
  readonly runId: string;
  /** Null where the API does not tell. */
  readonly instanceId: string | null;
  /** Just before the request: what was answered was true then or later. */
  readonly observedAt: Date;
}

/** A user whom the Backend API has, as an entry of the write path; one that can't be read becomes a dead letter. */
export function makeApiEntry(apiUser: ApiUser, observation: ApiObservation): BatchEntry {
  const { runId, observedAt, instanceId } = observation;
  const { id, user, readBody } = apiUser;
  return {
    ...describeSource(id ?? hash(readBody()), id, observation),
    change:
      user === undefined
        ? makeLetter(apiUser.error, readBody())
        : makeSnapshot(user, { messageId: runId, observedAt, instanceId }),
    readBody,
  };
}

/** A user whom the Backend API, asked for the id, does not have. */
export function makeApiTombstone(userId: string, observation: ApiObservation): BatchEntry {
  const { runId, observedAt, instanceId } = observation;
  return {
    ...describeSource(userId, userId, observation),
    change: { kind: 'tombstone', userId, instanceId, deletedAt: observedAt, messageId: runId },
    // As the data of a `user.deleted`, which is how a replay knows it.
    readBody: () => JSON.stringify({ object: 'user', id: userId, deleted: true }),
  };
}

/** One letter a user, with the newest attempt: read again an hour later, the same fault is not another letter. */
function describeSource(key: string, userId: string | null, { origin, runId, instanceId, observedAt }: ApiObservation) {
  const message: MessageFacts = {
    messageId: `api_${key}`,
    eventType: null,
    userId,
    instanceId,
    eventAt: observedAt,
    receivedAt: observedAt,
  };
  return { origin, message, letterDetails: { run_id: runId, observed_at: observedAt.toISOString() } };
}

/** Without an id only its text tells one user from another. */
function hash(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 16);
}

function makeLetter({ reason, message, issues }: InvalidEventError, body: string): DeadLetter {
  const own = issues.map(({ path, message: what }): EventIssue => ({ path: toUserPath(path), message: what }));
  const [first] = own;
  const where = first === undefined ? message : `${first.path || 'the user'}: ${first.message}.`;
  const error = reason === 'missing_user_id' ? message : `The Backend API's user does not have Clerk's shape: ${where}`;
  return { kind: 'dead_letter', body: redactSecrets(body), reason, error, details: { issues: own } };
}

/** In an event the user is its `data`; what the Backend API serves is the user itself. */
function toUserPath(path: string): string {
  return path.replace(/^data\.?/, '');
}
