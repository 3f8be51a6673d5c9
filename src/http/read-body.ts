import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { AppEnv } from './app-env.ts';
import { HttpError, makeUnavailable } from './http-error.ts';

/** How much is read. */
export interface BodyLimits {
  /** For one body. */
  readonly maxBytes: number;
  /** For all bodies that are being read at the same time: no sender is verified yet. */
  readonly maxBufferedBytes: number;
}

/** Returns the bytes as they were received: the signature is made for exactly these. */
export type BodyReader = (context: Context<AppEnv>) => Promise<Uint8Array>;

/**
 * Creates the function that reads the body of a request and stops at a limit. A declared length that is too large is refused
 * before anything is read; without one, the first chunk after the limit is refused.
 *
 * @throws {HttpError} 413 `body_too_large`, 400 `incomplete_body`, 503 `too_many_bodies`, 500 `body_already_read`, from the
 * reader.
 */
export function createBodyReader({ maxBytes, maxBufferedBytes }: BodyLimits): BodyReader {
  let buffered = 0;
  return async function readBody(context) {
    if (Number(context.req.header('content-length') ?? 0) > maxBytes) throw makeTooLarge(maxBytes);
    if (isAlreadyRead(context)) throw makeAlreadyRead();
    const chunks: Uint8Array[] = [];
    let length = 0;
    const admit = (chunk: Uint8Array) => {
      length += chunk.byteLength;
      buffered += chunk.byteLength;
      if (length > maxBytes) throw makeTooLarge(maxBytes);
      if (buffered > maxBufferedBytes) throw makeTooMany();
      chunks.push(chunk);
    };
    try {
      for await (const chunk of openBody(context)) admit(chunk);
    } catch (error) {
      throw error instanceof HttpError ? error : makeIncomplete(error);
    } finally {
      buffered -= length;
    }
    return Buffer.concat(chunks, length);
  };
}

/** What Firebase and Google's Cloud Functions add to Node's request when they have read it. */
type Incoming = HttpBindings['incoming'] & { readonly rawBody?: unknown };

/**
 * Reads Node's stream directly if there is one: to wrap it in a web stream costs more than the rest of a request. The stream
 * is not destroyed when the reading stops early, because that would also close the socket of the answer.
 */
function openBody({ env, req }: Context<AppEnv>): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  const incoming: Incoming | undefined = env?.incoming;
  if (incoming?.rawBody instanceof Uint8Array) return [incoming.rawBody];
  return incoming?.iterator({ destroyOnReturn: false }) ?? req.raw.body ?? [];
}

/** Whether other code has already read the bytes: what it made of them is not what was signed. */
function isAlreadyRead({ env, req }: Context<AppEnv>): boolean {
  const incoming: Incoming | undefined = env?.incoming;
  if (incoming?.rawBody instanceof Uint8Array) return false;
  if (incoming !== undefined) return incoming.readableDidRead;
  const { body, bodyUsed } = req.raw;
  if (body === null) return Number(req.header('content-length') ?? 0) > 0;
  return bodyUsed || body.locked;
}

/**
 * The connection is not closed with the answer: a sender that is still writing would get a reset and never read the answer.
 * @hono/node-server first reads and drops up to 64 MiB for up to half a second, as RFC 9112 §9.6 asks for.
 */
function makeTooLarge(maxBytes: number): HttpError {
  return new HttpError(413, 'body_too_large', `The body is larger than ${maxBytes} bytes.`);
}

function makeIncomplete(cause: unknown): HttpError {
  return new HttpError(400, 'incomplete_body', 'The body ended before it was complete.', { cause });
}

function makeTooMany(): HttpError {
  return makeUnavailable('too_many_bodies', 'Too many large requests are being received at once.', {
    retryAfterSeconds: 5,
  });
}

function makeAlreadyRead(): HttpError {
  return new HttpError(
    500,
    'body_already_read',
    'Other code has already read the body, so its signature can not be checked. Put the webhook route before everything that parses bodies, such as express.json(), and pass the request on unread.',
  );
}
