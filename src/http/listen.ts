import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { OperatorError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { HttpError, makeErrorBody } from './http-error.ts';

/** What to serve, and where. */
export interface ListenOptions {
  readonly fetch: Parameters<typeof getRequestListener>[0];
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The variable that chooses the port, for the hint if the port is not available. Default `PORT`. */
  readonly portVariable?: string;
  /** Called with the code of the answer if something never became a request. */
  readonly onClientError: (code: string) => void;
  readonly logger: Logger;
  /** Other limits, for tests that can't wait so long. */
  readonly limits?: Partial<HttpLimits>;
}

/** A server that accepts connections. */
export interface Listening {
  /** With a host that a person can open: `http://localhost:3000` for 0.0.0.0. */
  readonly url: string;
  /** Accepts no new connection, closes the idle ones and resolves when the others have their answers. */
  close(): Promise<void>;
  /** Closes all other connections: a client that never completes its request would hold `close` for ever. */
  closeAllConnections(): void;
}

/** Options of Node with the same names, in milliseconds. */
export interface HttpLimits {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly connectionsCheckingInterval: number;
  readonly keepAliveTimeout: number;
}

const LIMITS: HttpLimits = {
  headersTimeout: 10_000,
  // From the first byte of a request to the last one. Svix gives up on an attempt after 15 s.
  requestTimeout: 15_000,
  // How often the two limits above are checked.
  connectionsCheckingInterval: 1000,
  // Longer than load balancers keep an idle connection (nginx and AWS 60 s, Google 600 s). So the balancer always closes
  // first, and no request arrives on a connection that is being closed.
  keepAliveTimeout: 620_000,
};

/** Svix needs a few, the rest is for balancers. They fit into memory even if each has a body of a megabyte. */
const MAX_CONNECTIONS = 2048;

/** Serves `fetch` over HTTP/1.1 and resolves when connections are accepted. */
export async function listen(options: ListenOptions): Promise<Listening> {
  const server = createServer(
    // A health check of HAProxy sends no Host. No route needs it, so another name is used.
    { ...LIMITS, ...options.limits, requireHostHeader: false },
    getRequestListener(options.fetch, { hostname: 'localhost', errorHandler: () => answerBadRequest(options) }),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on('clientError', (error, socket) => answerClientError(error, socket as Socket, options.onClientError));
  await bind(server, options);
  // For example no file descriptor for a new connection. Open connections continue.
  server.on('error', (err) => options.logger.error({ err }, 'could not accept a connection'));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${nameHost(options.host)}:${port}`,
    close: () => new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve()))),
    closeAllConnections: () => server.closeAllConnections(),
  };
}

function bind(server: Server, options: ListenOptions): Promise<void> {
  const { host, port } = options;
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(explainBindFailure(error, options));
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

function explainBindFailure(error: NodeJS.ErrnoException, options: ListenOptions): Error {
  const { host, port, portVariable = 'PORT' } = options;
  const explain = (message: string, hint: string) =>
    new OperatorError('cannot_listen', message, { hint, cause: error });
  switch (error.code) {
    case 'EADDRINUSE':
      return explain(
        `Port ${port} on ${host} is already in use.`,
        `Stop the program that uses it, or set ${portVariable} to another number.`,
      );
    case 'EACCES':
      return explain(`This user may not listen on port ${port}.`, `Set ${portVariable} to a number above 1023.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return explain(
        `${host} is not an address of this machine.`,
        'Set HOST to 0.0.0.0, or to an address of this machine.',
      );
    default:
      return error;
  }
}

function nameHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/** For a request without a valid URL, which never reaches the routes. */
function answerBadRequest({ onClientError }: ListenOptions): Response {
  onClientError('bad_request');
  const requestId = randomUUID();
  const error = new HttpError(400, 'bad_request', 'The URL or the Host header of the request is malformed.');
  return Response.json(makeErrorBody(error, requestId), {
    status: error.status,
    headers: { 'x-request-id': requestId },
  });
}

const CLIENT_ERRORS: Record<string, readonly [statusLine: string, code: string, message: string]> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'headers_too_large', 'The headers are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'request_timeout', 'The request did not arrive in time.'],
};

/** Answers what the parser or a timer of Node refused, in the form of all other errors, and closes the connection. */
function answerClientError(
  error: Error & { code?: string },
  socket: Socket,
  onClientError: (code: string) => void,
): void {
  // The client has closed the connection.
  if (error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE' || !socket.writable) {
    return void socket.destroy();
  }
  const [statusLine, code, message] = CLIENT_ERRORS[error.code ?? ''] ?? [
    '400 Bad Request',
    'bad_request',
    'The request is not valid HTTP.',
  ];
  onClientError(code);
  const requestId = randomUUID();
  const body = JSON.stringify(makeErrorBody({ code, message }, requestId));
  const head = [
    `HTTP/1.1 ${statusLine}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}
