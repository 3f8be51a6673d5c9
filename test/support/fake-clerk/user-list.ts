import { answerJson, answerUnprocessable, type FakeAnswer } from './clerk-answers.ts';
import type { ApiUserJson } from './make-api-user.ts';

type Users = ReadonlyMap<string, ApiUserJson>;

/** By what a list can be ordered, and the property that stands for it. */
const ORDERS: Readonly<Record<string, (user: ApiUserJson) => unknown>> = {
  created_at: (user) => user.created_at,
  updated_at: (user) => user.updated_at,
  last_active_at: (user) => user.last_active_at,
  last_sign_in_at: (user) => user.last_sign_in_at,
  first_name: (user) => user.first_name,
  last_name: (user) => user.last_name,
  username: (user) => user.username,
  email_address: (user) => (user.email_addresses as { email_address?: unknown }[] | undefined)?.[0]?.email_address,
  phone_number: (user) => (user.phone_numbers as { phone_number?: unknown }[] | undefined)?.[0]?.phone_number,
  web3wallet: (user) => (user.web3_wallets as { web3_wallet?: unknown }[] | undefined)?.[0]?.web3_wallet,
};

const TIME_FILTER = /^(created_at|last_active_at|last_sign_in_at)_(before|after)$/;
const LIST_PARAMETERS = new Set(['limit', 'offset', 'order_by', 'starting_after']);
/** Beyond it Clerk serves the default number, and says nothing. */
const MAX_LIMIT = 500;
const DEFAULT_LIMIT = 10;

/**
 * What a list answers behind a user who is gone, which Clerk does not document: a refusal, an empty page, a page from the
 * beginning, or one from the middle of all users.
 */
export type DeadCursor = 'refused' | 'empty' | 'from the first' | 'from the middle';

/** `GET /users`: a bare array, with Clerk's rules for its parameters. */
export function answerList(users: Users, search: URLSearchParams, deadCursor: DeadCursor = 'refused'): FakeAnswer {
  const problem = findProblem(users, search, deadCursor);
  if (problem !== undefined) return problem;
  const order = search.get('order_by') ?? '-created_at';
  const sorted = sortUsers(filterUsers(users, search), order);
  const cursor = search.get('starting_after');
  const start =
    cursor === null
      ? readNumber(search, 'offset', 0)
      : (findPlaceBehind(users, sorted, cursor, order) ?? findWrongPlace(sorted, deadCursor));
  const limit = readNumber(search, 'limit', DEFAULT_LIMIT);
  return answerJson(sorted.slice(start, start + (limit > MAX_LIMIT ? DEFAULT_LIMIT : limit)));
}

/** `GET /users/count`, with the same filters. */
export function answerCount(users: Users, search: URLSearchParams): FakeAnswer {
  const problem = findFilterProblem(search);
  return problem ?? answerJson({ object: 'total_count', total_count: filterUsers(users, search).length });
}

function findProblem(users: Users, search: URLSearchParams, deadCursor: DeadCursor): FakeAnswer | undefined {
  if (!(readNumber(search, 'limit', DEFAULT_LIMIT) >= 1)) return answerUnprocessable('limit', 'must be greater than 0');
  if (!(readNumber(search, 'offset', 0) >= 0)) return answerUnprocessable('offset', 'must be 0 or greater');
  const order = search.get('order_by') ?? '-created_at';
  // Without `%2B` a plus has become a space: Clerk reads no order from it.
  if (!/^[+-]?\w+$/.test(order) || !Object.hasOwn(ORDERS, nameOf(order))) {
    return answerUnprocessable('order_by', 'is not a known order');
  }
  return findCursorProblem(users, search, order, deadCursor) ?? findFilterProblem(search);
}

function findCursorProblem(
  users: Users,
  search: URLSearchParams,
  order: string,
  deadCursor: DeadCursor,
): FakeAnswer | undefined {
  const cursor = search.get('starting_after');
  if (cursor === null) return undefined;
  if (nameOf(order) !== 'created_at') return answerUnprocessable('starting_after', 'needs order_by created_at');
  if (readNumber(search, 'offset', 0) > 0) return answerUnprocessable('starting_after', 'excludes offset');
  // It may as well be a 400 or a 404.
  return users.has(cursor) || deadCursor !== 'refused'
    ? undefined
    : answerUnprocessable('starting_after', 'is not a known user');
}

/** A filter that is left out here in silence would make a test pass that should not. */
function findFilterProblem(search: URLSearchParams): FakeAnswer | undefined {
  for (const [name, value] of search) {
    if (TIME_FILTER.test(name)) {
      if (!/^\d+$/.test(value)) return answerUnprocessable(name, 'must be a time in ms');
    } else if (!LIST_PARAMETERS.has(name)) {
      return { status: 501, text: `The fake of Clerk does not know the parameter ${name}.` };
    }
  }
  return undefined;
}

function filterUsers(users: Users, search: URLSearchParams): ApiUserJson[] {
  const tests = [...search].flatMap(([parameter, value]) => {
    const [, name = '', side] = TIME_FILTER.exec(parameter) ?? [];
    if (side === undefined) return [];
    const limit = Number(value);
    return [(user: ApiUserJson) => (side === 'after' ? Number(user[name]) > limit : Number(user[name]) < limit)];
  });
  return [...users.values()].filter((user) => tests.every((test) => test(user)));
}

/** Equal ones by their ids, so that an order is the same for every page. */
function sortUsers(users: readonly ApiUserJson[], order: string): ApiUserJson[] {
  const read = ORDERS[nameOf(order)];
  const sign = order.startsWith('-') ? -1 : 1;
  return users.toSorted((a, b) => sign * (compare(read?.(a), read?.(b)) || compare(a.id, b.id)));
}

/** The cursor itself need not fit the filters. Undefined where there is no such user. */
function findPlaceBehind(users: Users, sorted: readonly ApiUserJson[], cursor: string, order: string) {
  const user = users.get(cursor);
  if (user === undefined) return;
  const place = sorted.findIndex((other) => other !== user && sortUsers([other, user], order)[0] === user);
  return place === -1 ? sorted.length : place;
}

function findWrongPlace({ length }: readonly ApiUserJson[], deadCursor: DeadCursor): number {
  if (deadCursor === 'from the first') return 0;
  return deadCursor === 'from the middle' ? Math.floor(length / 2) : length;
}

/** As Postgres: what is absent is the largest. */
function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  return (a as number) < (b as number) ? -1 : 1;
}

function nameOf(order: string): string {
  return order.replace(/^[+-]/, '');
}

/** NaN for what is no whole number. */
function readNumber(search: URLSearchParams, name: string, absent: number): number {
  const text = search.get(name);
  if (text === null) return absent;
  return /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}
