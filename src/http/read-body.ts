import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { AppEnv } from './app-env.ts';
import { HttpError, makeUnavailable } from './http-error.ts';

export interface BodyLimits {
  /** Of one body. */
  readonly maxBytes: number;
  /** Of all bodies that are being read at this moment, whoever sends them: nobody has been verified yet. */
  readonly maxBufferedBytes: number;
}

/** The bytes as received: a signature covers exactly these. */
export type BodyReader = (context: Context<AppEnv>) => Promise<Uint8Array>;

/**
 * Creates the function that reads a request's body, which counts while it reads and stops at a limit: a declared
 * length is refused before anything is read, an undeclared one with the first chunk beyond.
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

/** What platforms add to Node's request once they have read it: Firebase and Google's Cloud Functions. */
type Incoming = HttpBindings['incoming'] & { readonly rawBody?: unknown };

/**
 * Node's stream is read directly where there is one: wrapping it in a web stream costs more than all the rest of a
 * request. It is not destroyed when the reading stops early, since that would take the answer's socket with it.
 */
function openBody({ env, req }: Context<AppEnv>): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  const incoming: Incoming | undefined = env?.incoming;
  if (incoming?.rawBody instanceof Uint8Array) return [incoming.rawBody];
  return incoming?.iterator({ destroyOnReturn: false }) ?? req.raw.body ?? [];
}

/** Whether somebody before us has taken the bytes: what they made of them is not what was signed. */
function isAlreadyRead({ env, req }: Context<AppEnv>): boolean {
  const incoming: Incoming | undefined = env?.incoming;
  if (incoming?.rawBody instanceof Uint8Array) return false;
  if (incoming !== undefined) return incoming.readableDidRead;
  const { body, bodyUsed } = req.raw;
  if (body === null) return Number(req.header('content-length') ?? 0) > 0;
  return bodyUsed || body.locked;
}

/**
 * The connection is not closed with the answer: a sender that is still writing would meet a reset and never read it.
 * @hono/node-server reads on for half a second, or 64 MiB, into nothing, and only then cuts the connection
 * (RFC 9112 §9.6 asks for as much).
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
    'The body was read before it came here, so its signature can not be checked. Put the webhook route before what parses bodies, such as express.json(), and hand on the request unread.',
  );
}
