import { setTimeout as delay } from 'node:timers/promises';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { answerError, answerJson, answerRefusal, type FakeAnswer } from './clerk-answers.ts';
import { type Fault, sendWithFault } from './faults.ts';
import { createLimits, type Limits } from './limits.ts';
import type { ApiUserJson } from './make-api-user.ts';
import type { RateLimit } from './rate-limit.ts';
import { serveFake } from './serve-fake.ts';
import { answerCount, answerList, type DeadCursor } from './user-list.ts';
import { answerWrite } from './writes/answer-write.ts';
import { createEvents, type Deliver, type FakeEvent } from './writes/events.ts';
import type { FakeInstance, FakeWrite } from './writes/fake-instance.ts';

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
  /** As it came; empty where there is none. */
  readonly body: string;
  /** The first one has 0. */
  readonly place: number;
  /** Unix ms, by the fake's clock. */
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
  /** How far its clock is ahead, as its header `Date` and the times of its writes say. */
  readonly clockOffsetMs?: number;
  /** Its clock without that, in Unix ms; limits go by it, too. */
  readonly now?: () => number;
  /** Of the instance; none by default. */
  readonly rateLimit?: RateLimit;
  /** Of each user, for `PATCH` of the user and for its metadata: 10 in 10 s, as Clerk has it, by default. */
  readonly userRateLimit?: RateLimit;
  /** Properties of `PATCH /users/{id}` that the instance has switched off. */
  readonly disabled?: readonly string[];
  /** Ids of uploaded pictures. */
  readonly images?: readonly string[];
  /** What becomes of the event that each write makes, such as `postEvents(url, secret)`; nothing by default. */
  readonly deliver?: Deliver | undefined;
  /** What a list answers behind a user who is gone; refused by default. */
  readonly deadCursor?: DeadCursor | undefined;
}

export interface FakeClerk extends Pick<Limits, 'blockInstance' | 'blockUser'> {
  /** Without `/v1`, as `CLERK_API_URL` has it. */
  readonly url: string;
  readonly secretKey: string;
  readonly instanceId: string;
  /** All that came, the oldest first. */
  readonly requests: readonly FakeRequest[];
  /** The writes that were applied, the oldest first. */
  readonly writes: readonly FakeWrite[];
  /** What they have been made into, the oldest first. */
  readonly events: readonly FakeEvent[];
  /** Resolves when all events have been delivered. */
  settleEvents(): Promise<void>;
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
const USER_RATE_LIMIT = { requests: 10, perMs: 10_000 };
const INSTANCE_ID = 'ins_fakeClerkOfTheTests00000000';

/**
 * Starts something that answers as Clerk's Backend API does, as far as clerk-sync asks it. Its rules are Clerk's
 * documented ones; test/unit/clerk/fake-clerk.test.ts and fake-clerk-writes.test.ts state them.
 */
export async function startFakeClerk(options: FakeClerkOptions = {}): Promise<FakeClerk> {
  const {
    secretKey = SECRET_KEY,
    instanceId = INSTANCE_ID,
    latencyMs = 0,
    now = Date.now,
    clockOffsetMs = 0,
  } = options;
  const list: { deadCursor: DeadCursor | undefined } = { deadCursor: options.deadCursor };
  const users = new Map<string, ApiUserJson>((options.users ?? []).map((user) => [user.id, user]));
  const requests: FakeRequest[] = [];
  let interceptor: Interceptor | undefined;
  const { rateLimit, userRateLimit = USER_RATE_LIMIT, deliver } = options;
  const limits = createLimits({ rateLimit, userRateLimit, now });
  const clerkNow = () => now() + clockOffsetMs;
  const { events, tell, settle, stop } = createEvents({ instanceId, now: clerkNow, deliver });
  const [disabled, images] = [new Set(options.disabled), new Set(options.images)];
  const writes: FakeWrite[] = [];
  const instance = { users, now: clerkNow, disabled, images, writes, tell };
  const answer = makeAnswer({ instance, secretKey, instanceId, limits, list });

  const app = new Hono<{ Bindings: HttpBindings }>();
  app.all('*', async (c) => {
    const at = now();
    const body = c.req.method === 'GET' ? '' : await c.req.text();
    const request = { ...readRequest(c), at, body, place: requests.length };
    requests.push(request);
    const respond = (made: FakeAnswer) => makeResponse(made, clerkNow());
    const fault = (await interceptor?.(request)) ?? undefined;
    if (latencyMs > 0) await delay(latencyMs);
    const makeIt = () => answer(request, new URL(c.req.url).searchParams);
    return fault === undefined ? respond(makeIt()) : sendWithFault(fault, makeIt, { ...c.env, respond });
  });

  const served = await serveFake(app.fetch);
  return {
    ...{ url: served.url, secretKey, instanceId, requests, users, writes, events, settleEvents: settle },
    ...{ blockInstance: limits.blockInstance, blockUser: limits.blockUser },
    async close() {
      stop();
      await served.close();
    },
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
  readonly instance: FakeInstance;
  readonly secretKey: string;
  readonly instanceId: string;
  readonly limits: Limits;
  readonly list: { readonly deadCursor: DeadCursor | undefined };
}

function makeAnswer({ instance, secretKey, instanceId, limits, list }: Scene) {
  return function answer(request: FakeRequest, search: URLSearchParams): FakeAnswer {
    const { method, path, headers } = request;
    if (headers.authorization !== `Bearer ${secretKey}`) return answerRefusal(401);
    const limited = limits.check(request);
    if (limited !== undefined) return limited;
    if (method !== 'GET') return answerWrite(instance, request) ?? { status: 405, text: '' };
    if (path === '/users') return answerList(instance.users, search, list.deadCursor);
    if (path === '/users/count') return answerCount(instance.users, search);
    if (path === '/instance') return answerJson(makeInstance(instanceId, secretKey));
    const id = /^\/users\/([^/]+)$/.exec(path)?.[1];
    return id === undefined ? { status: 404, text: '404 page not found' } : answerUser(instance.users.get(id), id);
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

function readRequest(c: Context): Omit<FakeRequest, 'body' | 'place' | 'at'> {
  const path = c.req.path.replace(/^\/v1(?=\/)/, '');
  return {
    method: c.req.method,
    // Another address than /v1 is not the API.
    path: path === c.req.path ? `(not /v1) ${path}` : path,
    query: c.req.query(),
    headers: c.req.header(),
  };
}

function makeResponse({ status, text, headers }: FakeAnswer, now: number): Response {
  const date = new Date(now).toUTCString();
  const body = status === 204 || status === 304 ? null : text;
  return new Response(body, { status, headers: { 'content-type': 'application/json', date, ...headers } });
}
