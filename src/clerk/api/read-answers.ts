import { parseJson } from '../json/parse-json.ts';
import { type ApiUser, readApiUser } from './api-user.ts';
import { ClerkApiError } from './clerk-api-error.ts';
import type { ApiAnswer } from './fetch-answer.ts';

/** One answer to `listUsers`. */
export interface ApiPage {
  readonly users: readonly ApiUser[];
  /** Just before the request. */
  readonly observedAt: Date;
  /** As long as the limit: there may be more. */
  readonly isFull: boolean;
}

/** A user as Clerk has it now. */
export interface ObservedUser {
  readonly user: ApiUser;
  /** Just before the request. */
  readonly observedAt: Date;
}

/** The instance that a key belongs to. */
export interface ApiInstance {
  readonly id: string;
  /** `production` or `development`. */
  readonly environmentType: string | null;
}

/** `GET /users`: a bare array. A user who can't be read is told as such, and costs no other. */
export function readPage(answer: ApiAnswer, limit: number): ApiPage {
  const value = readJson(answer);
  if (!Array.isArray(value)) throw refuse('it is not a list of users');
  return { users: value.map(readApiUser), observedAt: answer.observedAt, isFull: value.length >= limit };
}

/** `GET /users/{id}`: that user. */
export function readOneUser(answer: ApiAnswer, id: string): ObservedUser {
  const user = readApiUser(readJson(answer));
  if (user.id !== id) throw refuse('it is not the user who was asked for');
  return { user, observedAt: answer.observedAt };
}

/** `GET /users/count`: `{"object": "total_count", "total_count": 3}`. */
export function readCount(answer: ApiAnswer): number {
  const { total_count: count } = readObject(answer);
  if (!(typeof count === 'number' && Number.isSafeInteger(count) && count >= 0)) throw refuse('it is not a count');
  return count;
}

/** `GET /instance`: `{"object": "instance", "id": "ins_…", "environment_type": "production"}`. */
export function readInstance(answer: ApiAnswer): ApiInstance {
  const { id, environment_type: environmentType } = readObject(answer);
  if (typeof id !== 'string' || id === '') throw refuse('it is not an instance');
  return { id, environmentType: typeof environmentType === 'string' ? environmentType : null };
}

/** Reads an answer that is an object. */
export function readObject(answer: ApiAnswer): Record<string, unknown> {
  const value = readJson(answer);
  if (typeof value !== 'object' || value === null) throw refuse('it is not an object');
  return value as Record<string, unknown>;
}

function readJson({ text }: ApiAnswer): unknown {
  const parsed = parseJson(text);
  if ('unreadable' in parsed) throw refuse('it is not JSON');
  return parsed.value;
}

function refuse(happened: string): ClerkApiError {
  return new ClerkApiError('invalid_answer', happened, { status: 200 });
}
