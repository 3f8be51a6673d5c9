import type { ApiUserJson } from '../make-api-user.ts';

/** A write that was applied, whatever its sender heard of it. */
export interface FakeWrite {
  /** That of its request. */
  readonly place: number;
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly userId: string;
  /** The user's, in Unix ms; when the user was deleted, in that case. */
  readonly updatedAt: number;
  /** What it did that no User shows, by the property that ordered it. */
  readonly orders: readonly string[];
}

/** A request that changes something, with its body read. */
export interface WriteRequest {
  readonly place: number;
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** The id that the path names; empty where it names none. */
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What writes change, and what they are judged by. */
export interface FakeInstance {
  readonly users: Map<string, ApiUserJson>;
  /** By Clerk's clock, in Unix ms. */
  readonly now: () => number;
  /** Properties of a request that are switched off. */
  readonly disabled: ReadonlySet<string>;
  /** Ids of pictures that were uploaded. */
  readonly images: ReadonlySet<string>;
  readonly writes: FakeWrite[];
  /** Makes an event of it. */
  readonly tell: (type: 'user.updated' | 'user.deleted', data: ApiUserJson) => void;
}

/** Changes a user: `updated_at` becomes later than it was, and an event tells of it. */
export function saveUser(
  instance: FakeInstance,
  request: WriteRequest,
  user: ApiUserJson,
  orders: readonly string[] = [],
): ApiUserJson {
  const before = Number(instance.users.get(user.id)?.updated_at ?? 0);
  const updatedAt = Math.max(instance.now(), before + 1);
  const saved = { ...user, updated_at: updatedAt };
  instance.users.set(user.id, saved);
  record(instance, request, { userId: user.id, updatedAt, orders });
  instance.tell('user.updated', saved);
  return saved;
}

/** Deletes a user, and tells of it. */
export function removeUser(instance: FakeInstance, request: WriteRequest, user: ApiUserJson): ApiUserJson {
  const { id, external_id: externalId } = user;
  const deleted = { object: 'user', id, deleted: true };
  instance.users.delete(id);
  record(instance, request, { userId: id, updatedAt: instance.now(), orders: [] });
  instance.tell('user.deleted', typeof externalId === 'string' ? { ...deleted, external_id: externalId } : deleted);
  return deleted;
}

function record(
  { writes }: FakeInstance,
  { place, method, path, body }: WriteRequest,
  rest: Pick<FakeWrite, 'userId' | 'updatedAt' | 'orders'>,
): void {
  writes.push({ place, method, path, body, ...rest });
}
