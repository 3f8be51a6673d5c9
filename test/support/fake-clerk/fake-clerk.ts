import { setTimeout as delay } from 'node:timers/promises';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { answerError, answerJson, answerRefusal, type FakeAnswer } from './clerk-answers.ts';
import { type Fault, sendWithFault } from './faults.ts';
import type { ApiUserJson } from './make-api-user.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';
import { serveFake } from './serve-fake.ts';
import { answerCount, answerList, type DeadCursor } from './user-list.ts';

export type { Fault } from './faults.ts';
export type { DeadCursor } from './user-list.ts';

/** A request as it arrived, also one that was refused. */
export interface FakeRequest {
  readonly method: string;
  /** Without `/v1`, as `/users/count`. */
  readonly path: string;
  /** Decoded. */
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** The first one has 0. */
  readonly place: number;
  /** Unix ms. */
  readonly at: number;
}

/** Sees each request before it is answered, and may change users, wait, or order a fault. */
export type Interceptor = (
  request: FakeRequest,
) => Fault | undefined | void | Promise<Fault | undefined> | Promise<void>;

export interface FakeClerkOptions {
  readonly users?: readonly ApiUserJson[];
  /** Of production by default: a client may hold itself back with another. */
  readonly secretKey?: string;
  readonly instanceId?: string;
  /** Before each answer. */
  readonly latencyMs?: number;
  /** How far its clock is ahead, as its header `Date` says. */
  readonly clockOffsetMs?: number;
  readonly rateLimit?: RateLimit;
  /** What a list answers behind a user who is gone; refused by default. */
  readonly deadCursor?: DeadCursor | undefined;
}

export interface FakeClerk {
  /** Without `/v1`, as `CLERK_API_URL` has it. */
  readonly url: string;
  readonly secretKey: string;
  readonly instanceId: string;
  /** All that came, the oldest first. */
  readonly requests: readonly FakeRequest[];
  /** By their ids. */
  readonly users: ReadonlyMap<string, ApiUserJson>;
  /** Adds one, or puts it in the place of the one with its id. */
  setUser(user: ApiUserJson): void;
  /** These, and no others. */
  setUsers(users: readonly ApiUserJson[]): void;
  deleteUser(id: string): void;
  /** What a list answers from now on behind a user who is gone. */
  setDeadCursor(deadCursor: DeadCursor): void;
  /** In the place of the one before; undefined for none. */
  intercept(handler: Interceptor | undefined): void;
  close(): Promise<void>;
}

const SECRET_KEY = 'sk_live_fakeClerkOfTheTests000000000000000000000';
const INSTANCE_ID = 'ins_fakeClerkOfTheTests00000000';

/**
 * Starts something that answers as Clerk's Backend API does, as far as clerk-sync asks it. Its rules are Clerk's
 * documented ones; test/unit/clerk/fake-clerk.test.ts states them.
 */
export async function startFakeClerk(options: FakeClerkOptions = {}): Promise<FakeClerk> {
  const { secretKey = SECRET_KEY, instanceId = INSTANCE_ID, latencyMs = 0, rateLimit } = options;
  const list: { deadCursor: DeadCursor | undefined } = { deadCursor: options.deadCursor };
  const users = new Map<string, ApiUserJson>((options.users ?? []).map((user) => [user.id, user]));
  const requests: FakeRequest[] = [];
  let interceptor: Interceptor | undefined;
  const limit = rateLimit === undefined ? () => undefined : createRateLimit(rateLimit);
  const answer = makeAnswer({ users, secretKey, instanceId, limit, list });

  const app = new Hono<{ Bindings: HttpBindings }>();
  app.all('*', async (c) => {
    const request = readRequest(c, requests.length);
    requests.push(request);
    const respond = (made: FakeAnswer) => makeResponse(made, options.clockOffsetMs ?? 0);
    const fault = (await interceptor?.(request)) ?? undefined;
    if (latencyMs > 0) await delay(latencyMs);
    const makeIt = () => answer(request, new URL(c.req.url).searchParams);
    return fault === undefined ? respond(makeIt()) : sendWithFault(fault, makeIt, { ...c.env, respond });
  });

  const served = await serveFake(app.fetch);
  return {
    ...{ url: served.url, close: served.close, secretKey, instanceId, requests, users },
    setUser: (user) => void users.set(user.id, user),
    setUsers(all) {
      users.clear();
      for (const user of all) users.set(user.id, user);
    },
    deleteUser: (id) => void users.delete(id),
    setDeadCursor(deadCursor) {
      list.deadCursor = deadCursor;
    },
    intercept(handler) {
      interceptor = handler;
    },
  };
}

interface Scene {
  readonly users: ReadonlyMap<string, ApiUserJson>;
  readonly secretKey: string;
  readonly instanceId: string;
  readonly limit: () => FakeAnswer | undefined;
  readonly list: { readonly deadCursor: DeadCursor | undefined };
}

function makeAnswer({ users, secretKey, instanceId, limit, list }: Scene) {
  return function answer({ method, path, headers }: FakeRequest, search: URLSearchParams): FakeAnswer {
    if (headers.authorization !== `Bearer ${secretKey}`) return answerRefusal(401);
    const limited = limit();
    if (limited !== undefined) return limited;
    if (method !== 'GET') return { status: 405, text: '' };
    if (path === '/users') return answerList(users, search, list.deadCursor);
    if (path === '/users/count') return answerCount(users, search);
    if (path === '/instance') return answerJson(makeInstance(instanceId, secretKey));
    const id = /^\/users\/([^/]+)$/.exec(path)?.[1];
    return id === undefined ? { status: 404, text: '404 page not found' } : answerUser(users.get(id), id);
  };
}

/** As the Backend API's `Instance`. */
export function makeInstance(id: string, secretKey: string) {
  const environmentType = secretKey.startsWith('sk_live_') ? 'production' : 'development';
  return { object: 'instance', id, environment_type: environmentType, allowed_origins: null };
}

function answerUser(user: ApiUserJson | undefined, id: string): FakeAnswer {
  if (user !== undefined) return answerJson(user);
  const longMessage = `No user was found with id ${id}.`;
  return answerError(404, { message: 'not found', long_message: longMessage, code: 'resource_not_found' });
}

function readRequest(c: Context, place: number): FakeRequest {
  const path = c.req.path.replace(/^\/v1(?=\/)/, '');
  return {
    method: c.req.method,
    // Another address than /v1 is not the API.
    path: path === c.req.path ? `(not /v1) ${path}` : path,
    query: c.req.query(),
    headers: c.req.header(),
    place,
    at: Date.now(),
  };
}

function makeResponse({ status, text, headers }: FakeAnswer, clockOffsetMs: number): Response {
  const date = new Date(Date.now() + clockOffsetMs).toUTCString();
  const body = status === 204 || status === 304 ? null : text;
  return new Response(body, { status, headers: { 'content-type': 'application/json', date, ...headers } });
}
