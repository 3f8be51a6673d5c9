import { Buffer } from 'node:buffer';
import { isObject } from '../../../../src/clerk/user/fields.ts';
import { answerJson, type FakeAnswer } from '../clerk-answers.ts';
import type { ApiUserJson } from '../make-api-user.ts';
import { type FakeInstance, saveUser, type WriteRequest } from './fake-instance.ts';
import { answerProblems, type Problem, refuseProperty, refuseUnknown } from './problems.ts';
import { METADATA_KINDS, refuseType } from './user-properties.ts';

const MAX_BYTES = 8192;

/** `PUT` replaces each kind that is given, `PATCH` merges into it. Kinds that are left out stay. */
export function changeMetadata(instance: FakeInstance, request: WriteRequest, user: ApiUserJson): FakeAnswer {
  const change = request.method === 'PUT' ? (_: unknown, value: unknown) => value : mergeKind;
  const given = Object.entries(request.properties);
  const changed = Object.fromEntries(given.map(([kind, value]) => [kind, change(user[kind], value)]));
  const problems = given.flatMap(([kind, value]) => checkKind(kind, value, changed[kind]) ?? []);
  if (problems.length > 0) return answerProblems(problems);
  return answerJson(saveUser(instance, request, { ...user, ...changed }));
}

function checkKind(kind: string, value: unknown, result: unknown): Problem | undefined {
  if (!METADATA_KINDS.has(kind)) return refuseUnknown(kind);
  if (value !== null && (!isObject(value) || JSON.isRawJSON(value))) return refuseType(kind, value, 'object');
  if (Buffer.byteLength(JSON.stringify(result)) <= MAX_BYTES) return undefined;
  const message = `The given ${kind} exceeds the maximum allowed size of ${MAX_BYTES} bytes (8 KB).`;
  return refuseProperty(kind, 'form_param_exceeds_allowed_size', message);
}

/** Nothing is published on null in the place of a whole kind: here it clears the kind. */
function mergeKind(target: unknown, patch: unknown): unknown {
  return patch === null ? {} : mergeDeep(target, patch);
}

/** Objects are merged at every level, null removes a key, and a list is replaced whole. */
function mergeDeep(target: unknown, patch: unknown): unknown {
  if (!isObject(patch) || JSON.isRawJSON(patch)) return patch;
  const merged = new Map(isObject(target) && !JSON.isRawJSON(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergeDeep(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}
