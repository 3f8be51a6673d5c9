import { expect, test } from 'vitest';
import { createDeliverer, type DeliveryResult, type Message } from '../../../src/cli/send/deliver.ts';
import { deliverAll } from '../../../src/cli/send/deliver-all.ts';
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

const SENT = { message_id: 'msg_1', event_type: 'user.created', user_id: 'user_1' };

/** Delivers to a service that gives these answers one after the other, and repeats the last one; records the pauses. */
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
    ...SENT,
    status: 200,
    outcome: 'applied',
    error: null,
    attempts: 1,
  });
  expect(pauses).toEqual([]);
});

test('tries again after a transient answer, with the same id, when the service allows it', async () => {
  const { result, pauses, service } = await deliverTo([BUSY, BUSY, APPLIED]);
  expect(withoutTime(result)).toMatchObject({ status: 200, outcome: 'applied', error: null, attempts: 3 });
  expect(pauses).toEqual([2000, 2000]);
  expect(service.received.map(({ messageId, signed }) => ({ messageId, signed }))).toEqual(
    new Array(3).fill({ messageId: 'msg_1', signed: true }),
  );
});

test('waits longer each time if the service does not say how long, and stops after six attempts', async () => {
  const { result, pauses } = await deliverTo([{ status: 500, body: 'Internal Server Error' }]);
  expect(withoutTime(result)).toEqual({
    ...SENT,
    status: 500,
    outcome: null,
    error: { code: 'http_500', message: 'The answer is not from clerk-sync.' },
    attempts: 6,
  });
  expect(pauses).toEqual([250, 500, 1000, 2000, 4000]);
});

test('waits up to five seconds, even if the service asks for more', async () => {
  const { pauses } = await deliverTo([{ ...BUSY, headers: { 'retry-after': '3600' } }, APPLIED]);
  expect(pauses).toEqual([5000]);
});

test('tries again when the connection breaks, if the service was reached before', async () => {
  const { result } = await deliverTo([BUSY, { status: 0, hangUp: true }, APPLIED]);
  expect(withoutTime(result)).toMatchObject({ status: 200, outcome: 'applied', attempts: 3 });
});

test('does not wait for a service that was never there', async () => {
  const service = await useFakeService();
  await service.close();
  const waitMs = () => Promise.reject(new Error('must not wait'));
  const result = await createDeliverer({ url: service.url, secret: service.secret, waitMs })(makeMessage());
  expect(withoutTime(result)).toEqual({
    ...SENT,
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
  { status: 200, body: 'OK', code: 'foreign_answer', message: 'The answer is not from clerk-sync.' },
])('reports an answer $status of $body and does not try again', async ({ status, body, code, message }) => {
  const { result } = await deliverTo([{ status, body, headers: { location: 'http://127.0.0.1:9/' } }]);
  expect(withoutTime(result)).toEqual({
    ...SENT,
    status,
    outcome: null,
    error: { code, message },
    attempts: 1,
  });
});

function makeResult({ messageId, type, userId }: Message, result: Partial<DeliveryResult>): DeliveryResult {
  const about = { message_id: messageId, event_type: type, user_id: userId };
  return { ...about, status: 200, outcome: 'applied', error: null, attempts: 1, ms: 2, ...result };
}

test('delivers up to the given number at a time, and counts the outcomes', async () => {
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
    deliveries_per_second: expect.any(Number),
    latency_ms: { p50: 2, p95: 2, p99: 2 },
    results: expect.any(Array),
  });
  expect(totals.results).toHaveLength(10);
});

test.each([401, 404, 405, 503, null])('stops if each further answer would be the same: %s', async (status) => {
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

test('stops after the deliveries that are on their way when a signal comes, and counts them', async () => {
  const stop = new AbortController();
  const totals = await deliverAll(
    Array.from({ length: 100 }, (_, place) => makeMessage(place)),
    {
      concurrency: 4,
      onDelivered: () => stop.abort(),
      deliver: async (message) => makeResult(message, {}),
      signal: stop.signal,
    },
  );
  expect({ deliveries: totals.deliveries, outcomes: totals.outcomes }).toEqual({
    deliveries: 4,
    outcomes: { applied: 4 },
  });
});

test('does not repeat an attempt after a signal', async () => {
  const service = await useFakeService(() => BUSY);
  const signal = AbortSignal.abort();
  const result = await createDeliverer({ url: service.url, secret: service.secret, signal })(makeMessage());
  expect(withoutTime(result)).toEqual({
    ...SENT,
    status: 503,
    outcome: null,
    error: { code: 'queue_full', message: 'Too many deliveries are waiting.' },
    attempts: 1,
  });
});
