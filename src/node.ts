import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { ClerkSync } from './library/clerk-sync.ts';

/** What `fetch` takes beside the request, where Node's own is known: its bytes are read without a detour. */
type NodeFetch = (request: Request, bindings: { readonly incoming: IncomingMessage }) => Promise<Response>;

/**
 * Makes a handler for Express, Fastify and `node:http`. The body must not have been read before: put the route before
 * `express.json()`. Firebase's and Cloud Functions' `rawBody` is used.
 *
 * @example
 * ```ts
 * import { toNodeHandler } from 'clerk-sync/node';
 *
 * app.post('/webhooks/clerk', toNodeHandler(clerkSync));
 * app.use(express.json());
 * ```
 */
export function toNodeHandler(
  clerkSync: Pick<ClerkSync, 'fetch'>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const fetch = clerkSync.fetch as NodeFetch;
  const listener = getRequestListener(
    (request, bindings) => fetch(request, { incoming: bindings.incoming as IncomingMessage }),
    // An application's own Request and Response stay as they are.
    { overrideGlobalObjects: false, hostname: 'localhost' },
  );
  return (request, response) => listener(request, response);
}
