import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { toNodeHandler } from '../../../src/node.ts';
import { makeSecret, makeSignedRequest } from '../../support/signed-request.ts';
import { useLibrary } from '../../support/use-library.ts';
import { makeUserEvent } from '../../support/use-receiving-app.ts';

const secret = makeSecret();
const BODY = JSON.stringify(makeUserEvent({ username: 'ada' }));

/** An application's server, and what it answers to one signed event. */
async function sendTo(listener: RequestListener, body = BODY) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  const { port } = server.address() as AddressInfo;
  const request = makeSignedRequest(body, { secret, messageId: 'msg_1' });
  const response = await fetch(`http://127.0.0.1:${port}/hooks`, request);
  return { status: response.status, body: await response.json() };
}

const APPLIED = { status: 200, body: { outcome: 'applied', message_id: 'msg_1' } };

test('a server of node:http hands on its requests', async () => {
  const { clerkSync, sql } = await useLibrary({ signingSecret: secret });
  const [OwnRequest, OwnResponse] = [Request, Response];
  expect(await sendTo(toNodeHandler(clerkSync))).toEqual(APPLIED);
  expect([...(await sql`select username from clerk.users`)]).toEqual([{ username: 'ada' }]);
  // An application's globals stay as they are.
  expect([Request, Response]).toEqual([OwnRequest, OwnResponse]);
});

test('a body that is too large is refused, and the answer arrives', async () => {
  const { clerkSync } = await useLibrary({ signingSecret: secret });
  const answer = await sendTo(toNodeHandler(clerkSync), 'x'.repeat(1024 * 1024 + 1));
  expect(answer).toMatchObject({ status: 413, body: { error: { code: 'body_too_large' } } });
});

test('the bytes that Cloud Functions keep are taken', async () => {
  const { clerkSync } = await useLibrary({ signingSecret: secret });
  const handler = toNodeHandler(clerkSync);
  const answer = await sendTo(async (request, response) => {
    const rawBody = Buffer.concat(await request.toArray());
    await handler(Object.assign(request, { rawBody, body: JSON.parse(rawBody.toString()) }), response);
  });
  expect(answer).toEqual(APPLIED);
});

test('a body that a parser has read is an error that says what to change', async () => {
  const { clerkSync, logs } = await useLibrary({ signingSecret: secret });
  const handler = toNodeHandler(clerkSync);
  const answer = await sendTo(async (request, response) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
    await handler(Object.assign(request, { body }), response);
  });
  const message = expect.stringContaining('such as express.json()');
  expect(answer).toEqual({
    status: 500,
    body: { error: { code: 'body_already_read', message, request_id: expect.any(String) } },
  });
  expect(logs).toMatchObject([{ level: 'error', reason: 'body_already_read', hint: message }]);
});
