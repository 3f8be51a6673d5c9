import { createHmac } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { type BenchEventsOptions, createBenchEvents } from './bench-events.ts';

/**
 * The load generator, a process of its own: signs everything beforehand, then keeps `concurrency` raw sockets busy with
 * one request each. It parses no more of an answer than its status and length, so that it measures the service and not
 * itself. Prints its figures as one line of JSON.
 */
export interface LoadOptions extends BenchEventsOptions {
  readonly port: number;
  readonly secret: string;
  readonly concurrency: number;
  /** Sent before the clock starts. */
  readonly warmUp: number;
}

export interface LoadResult {
  readonly events: number;
  readonly seconds: number;
  readonly ok: number;
  readonly failed: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

function signAll({ port, secret, ...source }: LoadOptions): Buffer[] {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const timestamp = Math.floor(Date.now() / 1000);
  const requests: Buffer[] = [];
  for (const { messageId, body } of createBenchEvents(source)) {
    const signature = createHmac('sha256', key).update(`${messageId}.${timestamp}.${body}`).digest('base64');
    const head =
      `POST /webhooks/clerk HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n` +
      `svix-id: ${messageId}\r\nsvix-timestamp: ${timestamp}\r\nsvix-signature: v1,${signature}\r\n` +
      `user-agent: Svix-Webhooks/1.0\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
    requests.push(Buffer.from(head + body));
  }
  return requests;
}

/** The length of the first whole answer in `text`, or undefined while it is not whole. */
function answerLength(text: string): number | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, headEnd + 2))?.[1];
  if (length !== undefined) {
    const end = headEnd + 4 + Number(length);
    return text.length >= end ? end : undefined;
  }
  const end = text.indexOf('\r\n0\r\n\r\n', headEnd);
  return end === -1 ? undefined : end + 7;
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

/** Sends requests taken from `next` over one socket, one after the other, until there are none. */
function work(
  socket: Socket,
  next: () => Buffer | undefined,
  onAnswer: (ok: boolean, ms: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = '';
    let sentAt = 0;
    const send = () => {
      const request = next();
      if (request === undefined) return resolve();
      sentAt = performance.now();
      socket.write(request);
    };
    socket.removeAllListeners('data').on('data', (chunk) => {
      received += chunk.toString('latin1');
      const end = answerLength(received);
      if (end === undefined) return;
      onAnswer(received.startsWith('HTTP/1.1 2'), performance.now() - sentAt);
      received = received.slice(end);
      send();
    });
    socket.on('error', reject).on('close', () => reject(new Error('The service closed the connection.')));
    send();
  });
}

async function run(options: LoadOptions): Promise<LoadResult> {
  const requests = signAll(options);
  const sockets = await Promise.all(Array.from({ length: options.concurrency }, () => open(options.port)));
  let place = 0;
  const take = (end: number) => () => (place < end ? requests[place++] : undefined);
  await Promise.all(sockets.map((socket) => work(socket, take(options.warmUp), () => undefined)));
  const latencies: number[] = [];
  let failed = 0;
  process.send?.('start');
  const startedAt = performance.now();
  await Promise.all(
    sockets.map((socket) =>
      work(socket, take(requests.length), (ok, ms) => {
        latencies.push(ms);
        if (!ok) failed += 1;
      }),
    ),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  process.send?.('stop');
  for (const socket of sockets) socket.removeAllListeners('close').destroy();
  latencies.sort((a, b) => a - b);
  const quantile = (q: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? 0;
  return {
    events: latencies.length,
    seconds,
    ok: latencies.length - failed,
    failed,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
    max: latencies.at(-1) ?? 0,
  };
}

process.once('message', (options) => {
  run(options as LoadOptions).then(
    (result) => process.send?.({ result }, () => process.exit(0)),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
