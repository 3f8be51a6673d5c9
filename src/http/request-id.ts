import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';

export interface RequestIdVariables {
  readonly requestId: string;
}

/** What proxies send: UUIDs, ULIDs, hex traces. Anything else could carry something into the log. */
const TOKEN = /^[\w-]{8,64}$/;

/** A request's id: the caller's `x-request-id` if it is a short token, else a fresh UUID. */
export function chooseRequestId(given: string | undefined): string {
  return given !== undefined && TOKEN.test(given) ? given : randomUUID();
}

/** Gives each request an id, which its answer's `x-request-id`, its error body and its log lines carry. */
export function assignRequestId(): MiddlewareHandler<{ Variables: RequestIdVariables }> {
  return async function assignRequestId(c, next) {
    const requestId = chooseRequestId(c.req.header('x-request-id'));
    c.set('requestId', requestId);
    c.header('x-request-id', requestId);
    await next();
  };
}
