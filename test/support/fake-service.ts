import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'svix';
import { onTestFinished } from 'vitest';
import { makeSecret } from './signed-request.ts';

/** A delivery as it arrived, its signature checked by Svix's own library. */
export interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly contentType: string | undefined;
  readonly messageId: string;
  readonly signature: string;
  readonly signed: boolean;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** Breaks the connection instead of answering. */
  readonly hangUp?: boolean;
}

const APPLIED: Answer = { status: 200, body: { outcome: 'applied', message_id: 'msg' } };

/**
 * Something that listens where the service would: what it answers is the test's choice, so that failures can be had
 * at will. What the real service answers is tested with the real service.
 */
export async function useFakeService(answer: (received: Received, place: number) => Answer = () => APPLIED) {
  const secret = makeSecret();
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const delivery = await readDelivery(request, secret);
    received.push(delivery);
    const { status, headers = {}, body, hangUp = false } = answer(delivery, received.length);
    if (hangUp) return void request.socket.destroy();
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(close);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/webhooks/clerk`, port, secret, received, close };
}

async function readDelivery(request: IncomingMessage, secret: string): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString('utf8');
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  return {
    method: request.method,
    path: request.url,
    contentType: headers['content-type'],
    messageId: headers['svix-id'] ?? '',
    signature: headers['svix-signature'] ?? '',
    signed: isSigned(secret, body, headers),
    body,
  };
}

function isSigned(secret: string, body: string, headers: Record<string, string>): boolean {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    // The test sees `signed: false`.
    return false;
  }
}
