import { expect, test } from 'vitest';
import { createDeliverer, type DeliveryResult } from '../../../src/cli/send/deliver.ts';
import { deliverAll } from '../../../src/cli/send/deliver-all.ts';
import type { Message } from '../../../src/cli/send/message.ts';
import { type Answer, useFakeService } from '../../support/fake-service.ts';

const BUSY: Answer = {
  status: 503,
  headers: { 'retry-after': '2' },
  body: { error: { code: 'queue_full', message: 'Too many deliveries are waiting.', request_id: 'r' } },
};
const APPLIED: Answer = { status: 200, body: { outcome: 'applied', message_id: 'msg_1' } };

function makeMessage(place = 1): Message {
  return {
    messageId: `msg_${place}`,
    type: 'user.created',
    userId: `user_${place}`,
    body: `{"place":${place},"name":"Łukasz"}`,
  };
}

/** Delivers to a service that gives these answers one after the other, the last of them for ever; notes the pauses. */
async function deliverTo(answers: Answer[], message = makeMessage()) {
  const service = await useFakeService((_, place) => answers[Math.min(place, answers.length) - 1] as Answer);
  const pauses: number[] = [];
  const waitMs = async (milliseconds: number) => void pauses.push(milliseconds);
  const result = await createDeliverer({ url: service.url, secret: service.secret, waitMs })(message);
  return { result, pauses, service };
}

/** Without the time that it took, which is a number. */
function withoutTime({ ms, ...result }: DeliveryResult) {
  expect(ms).toBeGreaterThan(0);
  return result;
}

test('posts the message as it is, signed as Svix signs', async () => {
  const { result, pauses, service } = await deliverTo([APPLIED]);
  expect(service.received).toEqual([
    {
      method: 'POST',
      path: '/webhooks/clerk',
      contentType: 'application/json',
      messageId: 'msg_1',
      signature: expect.stringMatching(/^v1,/),
      signed: true,
      body: makeMessage().body,
    },
  ]);
  expect(withoutTime(result)).toEqual({
    message: makeMessage(),
    status: 200,
    outcome: 'applied',
    error: null,
    attempts: 1,
  });
  expect(pauses).toEqual([]);
});

test('tries what may pass again, after as long as the service asks for, under the same id', async () => {
  const { result, pauses, service } = await deliverTo([BUSY, BUSY, APPLIED]);
  expect(withoutTime(result)).toMatchObject({ status: 200, outcome: 'applied', error: null, attempts: 3 });
  expect(pauses).toEqual([2000, 2000]);
  expect(service.received.map(({ messageId, signed }) => ({ messageId, signed }))).toEqual(
    new Array(3).fill({ messageId: 'msg_1', signed: true }),
  );
});

test('waits longer each time where the service does not say how long, and not for ever', async () => {
  const { result, pauses } = await deliverTo([{ status: 500, body: 'Internal Server Error' }]);
  expect(withoutTime(result)).toEqual({
    message: makeMessage(),
    status: 500,
    outcome: null,
    error: { code: 'http_500', message: 'The answer is not from clerk-sync.' },
    attempts: 6,
  });
  expect(pauses).toEqual([250, 500, 1000, 2000, 4000]);
});

test('waits five seconds at the most, whatever the service asks for', async () => {
  const { pauses } = await deliverTo([{ ...BUSY, headers: { 'retry-after': '3600' } }, APPLIED]);
  expect(pauses).toEqual([5000]);
});

test('tries again when the connection breaks, once the service has been reached', async () => {
  const { result } = await deliverTo([BUSY, { status: 0, hangUp: true }, APPLIED]);
  expect(withoutTime(result)).toMatchObject({ status: 200, outcome: 'applied', attempts: 3 });
});

test('does not wait for a service that was never there', async () => {
  const service = await useFakeService();
  await service.close();
  const waitMs = () => Promise.reject(new Error('must not wait'));
  const result = await createDeliverer({ url: service.url, secret: service.secret, waitMs })(makeMessage());
  expect(withoutTime(result)).toEqual({
    message: makeMessage(),
    status: null,
    outcome: null,
    error: { code: 'ECONNREFUSED', message: 'the connection failed (ECONNREFUSED).' },
    attempts: 1,
  });
});

test.each([
  {
    status: 401,
    body: { error: { code: 'invalid_signature', message: 'No signature fits.' } },
    code: 'invalid_signature',
    message: 'No signature fits.',
  },
  {
    status: 413,
    body: { error: { code: 'body_too_large', message: 'Too large.' } },
    code: 'body_too_large',
    message: 'Too large.',
  },
  { status: 404, body: '<html>', code: 'http_404', message: 'The answer is not from clerk-sync.' },
  { status: 400, body: 'null', code: 'http_400', message: 'The answer is not from clerk-sync.' },
  { status: 301, body: '', code: 'http_301', message: 'The answer is not from clerk-sync.' },
  { status: 200, body: 'OK', code: 'foreign_answer', message: 'What answered is not clerk-sync.' },
])('reports an answer $status of $body and does not try again', async ({ status, body, code, message }) => {
  const { result } = await deliverTo([{ status, body, headers: { location: 'http://127.0.0.1:9/' } }]);
  expect(withoutTime(result)).toEqual({
    message: makeMessage(),
    status,
    outcome: null,
    error: { code, message },
    attempts: 1,
  });
});

function makeResult(message: Message, result: Partial<DeliveryResult>): DeliveryResult {
  return { message, status: 200, outcome: 'applied', error: null, attempts: 1, ms: 2, ...result };
}

test('delivers as many at a time as it may, and counts what became of them', async () => {
  let inFlight = 0;
  let most = 0;
  let delivered = 0;
  const totals = await deliverAll(
    Array.from({ length: 40 }, (_, place) => makeMessage(place)),
    {
      concurrency: 8,
      onDelivered: () => {
        delivered += 1;
      },
      deliver: async (message) => {
        inFlight += 1;
        most = Math.max(most, inFlight);
        await new Promise(setImmediate);
        inFlight -= 1;
        const place = Number(message.messageId.slice(4));
        if (place === 39)
          return makeResult(message, {
            status: 400,
            outcome: null,
            error: { code: 'invalid_headers', message: 'Malformed.' },
          });
        return makeResult(message, place % 2 === 0 ? {} : { outcome: 'stale', attempts: 2 });
      },
    },
  );
  expect({ most, delivered }).toEqual({ most: 8, delivered: 40 });
  expect(totals).toEqual({
    deliveries: 40,
    outcomes: { applied: 20, stale: 19 },
    failures: [{ status: 400, code: 'invalid_headers', message: 'Malformed.', deliveries: 1 }],
    retries: 19,
    seconds: expect.any(Number),
    latencyMs: { p50: 2, p95: 2, p99: 2 },
    results: expect.any(Array),
  });
  expect(totals.results).toHaveLength(10);
});

test.each([401, 404, 405, 503, null])('stops where going on would be in vain: %s', async (status) => {
  const totals = await deliverAll(
    Array.from({ length: 100 }, (_, place) => makeMessage(place)),
    {
      concurrency: 4,
      onDelivered: () => undefined,
      deliver: async (message) =>
        makeResult(message, { status, outcome: null, error: { code: 'code', message: 'Message.' } }),
    },
  );
  expect(totals.deliveries).toBe(4);
  expect(totals.failures).toEqual([{ status, code: 'code', message: 'Message.', deliveries: 4 }]);
});
