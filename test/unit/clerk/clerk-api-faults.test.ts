import { describe, expect, test } from 'vitest';
import type { ClerkApi } from '../../../src/clerk/api/clerk-api.ts';
import { ClerkApiError } from '../../../src/clerk/api/clerk-api-error.ts';
import type { FakeRequest, Fault } from '../../support/fake-clerk/fake-clerk.ts';
import { makeApiUser, makeUserId } from '../../support/fake-clerk/make-api-user.ts';
import { openFakeApi } from '../../support/fake-clerk/open-fake-api.ts';
import { useFakeClerk } from '../../support/fake-clerk/use-fake-clerk.ts';

/** Every question that is asked of Clerk, and what comes of it when all is well. */
const CALLS: Readonly<Record<string, { ask: (api: ClerkApi) => Promise<unknown>; answer: unknown }>> = {
  'a page': {
    ask: async (api) => {
      const { users, isFull } = await api.listUsers({ order: 'created_at', limit: 2 });
      return { ids: users.map(({ id }) => id), isFull };
    },
    answer: { ids: [makeUserId(0), makeUserId(1)], isFull: true },
  },
  'a user': {
    ask: async (api) => (await api.getUser(makeUserId(1)))?.user.id,
    answer: makeUserId(1),
  },
  'the count': { ask: (api) => api.countUsers(), answer: 3 },
  'the instance': { ask: async (api) => (await api.getInstance())?.environmentType, answer: 'production' },
};

/** What may be over a moment later, how it is called when it is not, and the end of that sentence. */
const PASSING: readonly (readonly [Fault, ClerkApiError['code'], string])[] = [
  [{ kind: 'status', status: 429 }, 'rate_limited', 'there are too many (status 429, too_many_requests'],
  [{ kind: 'status', status: 500 }, 'unavailable', 'a failure of its own (status 500, internal_clerk_error'],
  [{ kind: 'status', status: 408 }, 'unavailable', 'a failure of its own (status 408).'],
  [{ kind: 'proxy_page', status: 502 }, 'unavailable', 'a failure of its own (status 502).'],
  [{ kind: 'proxy_page', status: 200 }, 'invalid_answer', 'it is not JSON (status 200).'],
  [{ kind: 'cut' }, 'unavailable', 'the connection was cut (UND_ERR_SOCKET).'],
  [{ kind: 'half_body' }, 'unavailable', 'the connection was cut (UND_ERR_SOCKET).'],
  [{ kind: 'stalled_body' }, 'unavailable', 'no whole answer within 0.25 s.'],
  [{ kind: 'never' }, 'unavailable', 'no whole answer within 0.25 s.'],
  [{ kind: 'slow', ms: 2000 }, 'unavailable', 'no whole answer within 0.25 s.'],
  [{ kind: 'wrong_json' }, 'invalid_answer', 'it is not JSON (status 200).'],
  [{ kind: 'body', text: '' }, 'invalid_answer', 'it is not JSON (status 200).'],
  [{ kind: 'body', text: 'null' }, 'invalid_answer', '(status 200).'],
  [{ kind: 'not_an_array' }, 'invalid_answer', '(status 200).'],
];

const cases = Object.keys(CALLS).flatMap((call) =>
  PASSING.map(([fault, code, words]) => ({ call, code, words, fault, name: Object.values(fault).join(' ') })),
);

/** Only a call that gets no whole answer has to end soon: a busy machine may need its time for all others. */
async function useApi(words = '') {
  const clerk = await useFakeClerk({ users: [0, 1, 2].map((n) => makeApiUser(n)) });
  const timings = { requestMs: words.includes('0.25 s') ? 250 : 10_000, failingMs: 500, limitedMs: 500 };
  return { clerk, api: openFakeApi(clerk, { timings }) };
}

describe.each(cases)('$call, answered by "$name"', ({ call, fault, code, words }) => {
  const { ask, answer } = CALLS[call] ?? expect.unreachable();

  test('is asked for again', async () => {
    const { clerk, api } = await useApi(words);
    clerk.intercept(({ place }: FakeRequest) => (place === 0 ? fault : undefined));
    expect(await ask(api)).toEqual(answer);
    expect(clerk.requests.length).toBe(2);
  });

  test('ends in a sentence when that stays so', async () => {
    const { clerk, api } = await useApi(words);
    clerk.intercept(() => fault);
    const error = await ask(api).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(ClerkApiError);
    expect(error).toMatchObject({ code, problem: expect.stringContaining(words) });
    expect(clerk.requests.length).toBeGreaterThan(1);
    clerk.intercept(undefined);
    expect(await ask(api)).toEqual(answer);
  });
});

test('somebody else’s user is no answer', async () => {
  const { clerk, api } = await useApi();
  clerk.intercept(() => ({ kind: 'body', text: JSON.stringify(makeApiUser(2)) }));
  await expect(api.getUser(makeUserId(1))).rejects.toMatchObject({
    code: 'invalid_answer',
    problem: 'What answers is not as the Backend API is: it is not the user who was asked for (status 200).',
  });
});

test('nobody at the address is told with the code of the system', async () => {
  const { clerk, api } = await useApi();
  await clerk.close();
  await expect(api.countUsers()).rejects.toMatchObject({
    code: 'unavailable',
    problem: expect.stringContaining('(ECONNREFUSED)'),
  });
});
