import { createServer } from 'node:net';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ListenOptions, listen } from '../../../src/http/listen.ts';
import { type MakeAppOptions, makeApp, makeReceipt } from '../../support/make-app.ts';
import { countAnswers, openConnection, parseAnswer } from '../../support/raw-http.ts';
import { signRequest } from '../../support/signed-request.ts';

const webhook = 'POST /webhooks/clerk HTTP/1.1\r\nhost: test\r\n';
const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);

async function startServer(appOptions: MakeAppOptions = {}, options: Partial<ListenOptions> = {}) {
  const { app, secret, logs } = makeApp(appOptions);
  const clientErrors: string[] = [];
  const server = await listen({
    fetch: app.fetch,
    host: '127.0.0.1',
    port: 0,
    logger: pino({ level: 'silent' }),
    onClientError: (code) => clientErrors.push(code),
    ...options,
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    await server.close().catch(() => undefined);
  });
  return { server, secret, logs, clientErrors, open: () => openConnection(server.url) };
}

/** A whole request in the bytes of HTTP/1.1. */
function writeRequest(body: string, headers: Record<string, string>): string {
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body) });
  return `${webhook}${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

function answer(raw: string) {
  const { status, headers, body } = parseAnswer(raw);
  return { status, connection: headers.connection, requestId: headers['x-request-id'], body: JSON.parse(body) };
}

/** An answer after which the server closes the connection. */
function closing(status: number, code: string) {
  const error = { code, message: expect.any(String), request_id: uuid };
  return { status, connection: 'close', requestId: uuid, body: { error } };
}

describe('what never becomes a request', () => {
  test.each([
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00', 400, 'bad_request'],
    ['a header with a line feed in it', 'GET /healthz HTTP/1.1\r\nhost: a\r\nx: a\nb\r\n\r\n', 400, 'bad_request'],
    ['two lengths', `${webhook}content-length: 1\r\ncontent-length: 2\r\n\r\n{}`, 400, 'bad_request'],
    ['a length and chunks', `${webhook}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n`, 400, 'bad_request'],
    ['a length that is no number', `${webhook}content-length: 0x10\r\n\r\n`, 400, 'bad_request'],
    ['a broken chunk', `${webhook}transfer-encoding: chunked\r\n\r\nzz\r\n`, 400, 'bad_request'],
    ['a header of 64 kB', `${webhook}svix-id: ${'a'.repeat(65_536)}\r\n\r\n`, 431, 'headers_too_large'],
    ['ten thousand headers', `${webhook}${'svix-id: a\r\n'.repeat(10_000)}\r\n`, 431, 'headers_too_large'],
  ])('is answered in the form of every other error: %s', async (_, bytes, status, code) => {
    const { open, clientErrors } = await startServer();
    const connection = await open();
    connection.write(bytes);
    expect(answer(await connection.ended())).toEqual(closing(status, code));
    expect(clientErrors).toEqual([code]);
  });

  test.each([
    ['a host with a path in it', 'GET /healthz HTTP/1.0\r\nhost: a/b\r\n\r\n'],
    ['a target that is no path', 'GET healthz HTTP/1.0\r\nhost: a\r\n\r\n'],
  ])('is answered with 400 for %s', async (_, bytes) => {
    const { open, clientErrors } = await startServer();
    const connection = await open();
    connection.write(bytes);
    expect(answer(await connection.ended())).toEqual(closing(400, 'bad_request'));
    expect(clientErrors).toEqual(['bad_request']);
  });
});

describe('a request without a host', () => {
  test.each([
    ['of HTTP/1.0, as HAProxy checks health', 'GET /healthz HTTP/1.0\r\n\r\n', 200],
    ['of HTTP/1.1', 'GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n', 200],
    ['with an empty one', 'GET /healthz HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n', 200],
    ['that only asks for the head', 'HEAD /readyz HTTP/1.0\r\n\r\n', 200],
    ['by the method that HAProxy uses if it is not told', 'OPTIONS /healthz HTTP/1.0\r\n\r\n', 405],
  ])('is answered like any other: one %s', async (_, bytes, status) => {
    const { open, clientErrors } = await startServer();
    const connection = await open();
    connection.write(bytes);
    expect(parseAnswer(await connection.ended()).status).toBe(status);
    expect(clientErrors).toEqual([]);
  });

  test('can be a delivery', async () => {
    const { open, secret } = await startServer();
    const connection = await open();
    connection.write(
      writeRequest('{}', signRequest('{}', { secret, messageId: 'msg_1' })).replace('host: test\r\n', ''),
    );
    const raw = await connection.until((text) => text.endsWith('}'));
    connection.socket.destroy();
    expect(answer(raw)).toMatchObject({ status: 200, body: { outcome: 'applied', message_id: 'msg_1' } });
  });
});

describe('a slow client', () => {
  const limits = { headersTimeout: 200, requestTimeout: 200, connectionsCheckingInterval: 20 };

  test('is cut off when its headers take too long', async () => {
    const { open, clientErrors } = await startServer({}, { limits });
    const connection = await open();
    connection.write(webhook);
    expect(answer(await connection.ended())).toEqual(closing(408, 'request_timeout'));
    expect(clientErrors).toEqual(['request_timeout']);
  });

  test('is cut off when its body takes too long, and nothing of it is received', async () => {
    const { open, secret, clientErrors } = await startServer({ receive: () => expect.unreachable() }, { limits });
    const connection = await open();
    connection.write(writeRequest('{"type":"user.created"}', signRequest('{}', { secret })).slice(0, -10));
    expect(answer(await connection.ended())).toEqual(closing(408, 'request_timeout'));
    expect(clientErrors).toEqual(['request_timeout']);
  });

  test('does not hold up others', async () => {
    const { open, server } = await startServer();
    const slow = await Promise.all(Array.from({ length: 100 }, open));
    for (const connection of slow) connection.write(`${webhook}content-length: 1000\r\n\r\n{`);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });
});

describe('a body over the limit', () => {
  const refused = { ...closing(413, 'body_too_large'), connection: 'keep-alive' };

  test.each([
    ['that is announced, before it is sent', 'content-length: 1048577\r\n\r\n'],
    [
      'that comes in chunks, as soon as they exceed the limit',
      `transfer-encoding: chunked\r\n\r\n100001\r\n${' '.repeat(1024 * 1024 + 1)}\r\n`,
    ],
  ])('is refused: one %s; the sender can read the answer before the connection is cut', async (_, bytes) => {
    const { open } = await startServer();
    const connection = await open();
    connection.write(`${webhook}${bytes}`);
    expect(answer(await connection.ended())).toEqual(refused);
  });

  test('is accepted at exactly the limit, in chunks or whole', async () => {
    const { server, secret } = await startServer();
    const body = `{"pad":"${' '.repeat(1024 * 1024 - 10)}"}`;
    const post = (sent: string | ReadableStream) =>
      fetch(`${server.url}/webhooks/clerk`, {
        method: 'POST',
        headers: signRequest(body, { secret }),
        body: sent,
        duplex: 'half',
      } as RequestInit);
    const chunked = await post(new Blob([body]).stream());
    expect([Buffer.byteLength(body), (await post(body)).status, chunked.status]).toEqual([1024 * 1024, 200, 200]);
  });
});

describe('a connection that stays open', () => {
  test('answers pipelined requests in their order', async () => {
    const gate = Promise.withResolvers<void>();
    const { open, secret } = await startServer({
      receive: async ({ messageId }) => {
        if (messageId === 'msg_0') await gate.promise;
        return makeReceipt();
      },
    });
    const connection = await open();
    const requests = [0, 1, 2, 3].map((n) =>
      writeRequest(`{"n":${n}}`, signRequest(`{"n":${n}}`, { secret, messageId: `msg_${n}` })),
    );
    connection.write(requests.join(''));
    gate.resolve();
    const raw = await connection.until((text) => countAnswers(text) === 4 && text.endsWith('}'));
    expect(raw.match(/"message_id":"msg_\d"/g)).toEqual([0, 1, 2, 3].map((n) => `"message_id":"msg_${n}"`));
  });

  test('continues after a forged request', async () => {
    const { open, secret } = await startServer();
    const connection = await open();
    connection.write(
      writeRequest('{"forged":true}', signRequest('{}', { secret })) +
        writeRequest('{}', signRequest('{}', { secret })),
    );
    const raw = await connection.until((text) => countAnswers(text) === 2);
    expect(raw.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200']);
  });

  test.each(['destroy', 'end'] as const)(
    'is given up by a client in the middle of a body (%s), and nothing is received',
    async (how) => {
      const { open, logs, clientErrors } = await startServer({ receive: () => expect.unreachable() });
      const connection = await open();
      connection.write(`${webhook}content-length: 1000\r\n\r\n{`);
      connection.socket[how]();
      const logged = { level: 30, request_id: uuid, status: 400, reason: 'incomplete_body', ms: expect.any(Number) };
      await expect.poll(() => logs).toEqual([{ ...logged, msg: 'delivery rejected' }]);
      expect(clientErrors).toEqual([]);
    },
  );
});

describe('closing', () => {
  test('answers requests that have begun, closes idle connections, and accepts no new one', async () => {
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const { open, server, secret } = await startServer({
      receive: async () => {
        begun.resolve();
        await gate.promise;
        return makeReceipt();
      },
    });
    const [idle, busy] = [await open(), await open()];
    idle.write('GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n');
    await idle.until((text) => text.endsWith('}'));
    busy.write(writeRequest('{}', signRequest('{}', { secret })));
    await begun.promise;
    const closed = server.close();
    await idle.ended();
    await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    gate.resolve();
    expect(parseAnswer(await busy.until((text) => text.endsWith('}'))).status).toBe(200);
    busy.socket.destroy();
    await closed;
  });

  test('can cut off a client that never completes its request', async () => {
    const { open, server } = await startServer();
    const connection = await open();
    connection.write(`${webhook}content-length: 1000\r\n\r\n{`);
    const closed = server.close();
    server.closeAllConnections();
    expect([await connection.ended(), await closed]).toEqual(['', undefined]);
  });
});

describe('an address that can’t be listened on', () => {
  test.each([
    ['1.2.3.4', 0, '1.2.3.4 is not an address of this machine.'],
    ['no-such-host.invalid', 0, 'no-such-host.invalid is not an address of this machine.'],
  ])('is explained in a sentence: %s', async (host, port, message) => {
    await expect(startServer({}, { host, port })).rejects.toMatchObject({
      code: 'cannot_listen',
      message,
      hint: 'Set HOST to 0.0.0.0, or to an address of this machine.',
      exitCode: 1,
    });
  });

  test('is explained in a sentence if another program uses the port', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen({ host: '127.0.0.1', port: 0 }, resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    await expect(startServer({}, { port })).rejects.toMatchObject({
      code: 'cannot_listen',
      message: `Port ${port} on 127.0.0.1 is already in use.`,
      hint: 'Stop the program that uses it, or set PORT to another number.',
      exitCode: 1,
    });
    await expect(startServer({}, { port, portVariable: 'METRICS_PORT' })).rejects.toMatchObject({
      hint: 'Stop the program that uses it, or set METRICS_PORT to another number.',
    });
  });
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', 'localhost'],
])('listening on %s is shown as http://%s, which a person can open', async (host, shown) => {
  const { server } = await startServer({}, { host });
  expect(server.url).toMatch(new RegExp(`^http://${shown.replaceAll('.', '\\.')}:\\d+$`));
});
