import type { Context } from 'hono';

/** How the browser reached the page: over TLS, on the same machine, or over a network in plain text. */
export type Transport = 'https' | 'local' | 'plain';

/** A proxy that ends TLS says so in `X-Forwarded-Proto`. Browsers treat `localhost` as secure. */
export function findTransport(c: Context): Transport {
  const [protocol = ''] = (c.req.header('x-forwarded-proto') ?? new URL(c.req.url).protocol).split(',');
  if (/^https:?$/i.test(protocol.trim())) return 'https';
  return /^(?:(?:[a-z0-9-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(findHost(c)) ? 'local' : 'plain';
}

/** The host and port that the client asked for. */
export function findHost(c: Context): string {
  return c.req.header('host') ?? new URL(c.req.url).host;
}
