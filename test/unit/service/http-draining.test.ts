import { describe, expect, test } from 'vitest';
import { errorAnswer, makeApp, makeReceipt, readAnswer } from '../../support/make-app.ts';
import { makeSignedRequest } from '../../support/signed-request.ts';

type Pull = ReadableStreamDefaultController<Uint8Array>;

const json = { 'content-type': 'application/json' };
const webhook = '/webhooks/clerk';

describe('a process that is stopping', () => {
  test.each([
    ['POST', webhook],
    ['GET', '/readyz'],
  ])('refuses %s %s and closes the connection', async (method, path) => {
    const { app } = makeApp({ isDraining: () => true, receive: () => expect.unreachable() });
    const expected = errorAnswer(503, 'draining', { headers: { connection: 'close', 'retry-after': '5' } });
    expect(await readAnswer(await app.request(path, { method, body: null }))).toEqual(expected);
  });

  /** A delivery whose body is asked for chunk by chunk. */
  const postStream = ({ app, secret }: ReturnType<typeof makeApp>, pull: (controller: Pull) => void) => {
    const body = new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 });
    const { headers } = makeSignedRequest('{}', { secret });
    return app.request(webhook, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
  };

  test('does not read a request that it refuses', async () => {
    let asked = 0;
    const made = makeApp({ isDraining: () => true, receive: () => expect.unreachable() });
    const response = await postStream(made, () => {
      asked += 1;
    });
    expect([response.status, asked]).toEqual([503, 0]);
  });

  test('refuses a request that was not complete when the stop began', async () => {
    let draining = false;
    const made = makeApp({ isDraining: () => draining, receive: () => expect.unreachable() });
    const response = await postStream(made, (controller) => {
      draining = true;
      controller.enqueue(Buffer.from('{}'));
      controller.close();
    });
    const headers = { connection: 'close', 'retry-after': '5' };
    expect(await readAnswer(response)).toEqual(errorAnswer(503, 'draining', { headers }));
  });

  test('answers what it had accepted, and then closes the connection', async () => {
    let draining = false;
    const receive = async () => {
      draining = true;
      return makeReceipt();
    };
    const { app, secret } = makeApp({ isDraining: () => draining, receive });
    const response = await app.request(webhook, makeSignedRequest('{}', { secret, messageId: 'msg_1' }));
    expect(await readAnswer(response)).toEqual({
      status: 200,
      headers: { ...json, connection: 'close' },
      body: { outcome: 'applied', message_id: 'msg_1' },
    });
  });
});
