import { parseJson } from '../../../../src/clerk/json/parse-json.ts';
import { isObject } from '../../../../src/clerk/user/fields.ts';
import { answerJson, type FakeAnswer } from '../clerk-answers.ts';
import type { FakeRequest } from '../fake-clerk.ts';
import type { ApiUserJson } from '../make-api-user.ts';
import { addEmail, changeEmail, dropEmail } from './email-addresses.ts';
import { type FakeInstance, removeUser, saveUser, type WriteRequest } from './fake-instance.ts';
import { changeMetadata } from './metadata.ts';
import { patchUser } from './patch-user.ts';
import { answerProblems, type Problem, refuse, refuseId } from './problems.ts';

const VERSION = '2026-05-12';
const MAX_BODY = 1_000_000;

type Write = (instance: FakeInstance, request: WriteRequest) => FakeAnswer;

/** By method and path, with `*` in the place of an id. */
const WRITES: Readonly<Record<string, Write>> = {
  'PATCH /users/*': onUser(patchUser),
  'DELETE /users/*': onUser((instance, request, user) => answerJson(removeUser(instance, request, user))),
  'PATCH /users/*/metadata': onUser(changeMetadata),
  'PUT /users/*/metadata': onUser(changeMetadata),
  'POST /users/*/ban': onUser(changeTo({ banned: true })),
  'POST /users/*/unban': onUser(changeTo({ banned: false })),
  'POST /users/*/lock': onUser(changeTo({ locked: true, lockout_expires_in_seconds: 3600 })),
  'POST /users/*/unlock': onUser(changeTo({ locked: false, lockout_expires_in_seconds: null })),
  'POST /email_addresses': addEmail,
  'PATCH /email_addresses/*': changeEmail,
  'DELETE /email_addresses/*': dropEmail,
};
const WITH_BODY = /^(?:PATCH|PUT|POST \/email_addresses)/;

/** Answers a request that changes something; undefined where it is none. */
export function answerWrite(instance: FakeInstance, request: FakeRequest): FakeAnswer | undefined {
  const [, collection = '', id = '', rest = ''] =
    /^\/(users|email_addresses)(?:\/([^/]+)(\/\w+)?)?$/.exec(request.path) ?? [];
  const call = `${request.method} /${collection}${id === '' ? '' : '/*'}${rest}`;
  const write = Object.hasOwn(WRITES, call) ? WRITES[call] : undefined;
  if (write === undefined) return;
  const properties = WITH_BODY.test(call) ? readBody(request) : {};
  const problem = checkVersion(request) ?? (isProblem(properties) ? properties : undefined);
  if (problem !== undefined) return answerProblems([problem]);
  const { place, method, path, body } = request;
  return write(instance, { place, method, path, body, id, properties: properties as Record<string, unknown> });
}

function onUser(write: (instance: FakeInstance, request: WriteRequest, user: ApiUserJson) => FakeAnswer): Write {
  return function writeUser(instance, request) {
    const user = instance.users.get(request.id);
    return user === undefined ? answerProblems([refuseId('user', request.id)]) : write(instance, request, user);
  };
}

function changeTo(properties: Readonly<Record<string, unknown>>) {
  return (instance: FakeInstance, request: WriteRequest, user: ApiUserJson) =>
    answerJson(saveUser(instance, request, { ...user, ...properties }));
}

/** Nobody knows what a request without a version gets. */
function checkVersion({ headers, query }: FakeRequest): Problem | undefined {
  const version = headers['clerk-api-version'];
  if (version === VERSION && !('__clerk_api_version' in query)) return undefined;
  return refuse(400, 'api_version_invalid', `The fake of Clerk knows writes of version ${VERSION} alone.`);
}

function readBody({ headers, body }: FakeRequest): Problem | Record<string, unknown> {
  if (!/^application\/json\b/.test(headers['content-type'] ?? '')) {
    return refuse(415, 'unsupported_content_type', 'Content-Type must be application/json.');
  }
  if (body.length > MAX_BODY) return refuse(413, 'request_body_too_large', 'The request body is too large.');
  const parsed = parseJson(body);
  if (!('unreadable' in parsed) && isObject(parsed.value)) return parsed.value;
  return refuse(400, 'request_body_invalid', 'The request body is invalid.');
}

function isProblem(value: Problem | Record<string, unknown>): value is Problem {
  return typeof value.status === 'number' && typeof value.longMessage === 'string';
}
