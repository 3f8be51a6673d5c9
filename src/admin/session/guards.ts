import type { Context, MiddlewareHandler } from 'hono';
import { HttpError } from '../../http/http-error.ts';
import type { AdminEnv } from '../admin-env.ts';
import { findHost } from './find-transport.ts';

/** True for methods that change nothing. */
export function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** The one guard in front of every action, of the page and of the API: a reader may look and not act. */
export const requireOperator: MiddlewareHandler<AdminEnv> = async function requireOperator(c, next) {
  if (isReading(c.req.method) || c.get('viewer')?.role === 'operator') return next();
  const message = 'This token may only look. Sign in with ADMIN_TOKEN to act.';
  throw new HttpError(403, 'read_only', message);
};

/**
 * Refuses requests that another site has made a browser send. Cookies go with requests that pages send, so each one that is
 * not only reading has to come from a page of this host. The API takes no cookie, so it needs no such proof.
 */
export const requireSameOrigin: MiddlewareHandler<AdminEnv> = async function requireSameOrigin(c, next) {
  if (isReading(c.req.method) || c.get('viewer')?.via === 'api' || isSameOrigin(c)) return next();
  const message =
    'This request did not come from a page of this service, so it was refused. Open the page and try again.';
  throw new HttpError(403, 'cross_origin', message);
};

/** Behind a proxy that ends TLS, the scheme is another one here than in the browser: the hosts are compared. */
function isSameOrigin(c: Context<AdminEnv>): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = URL.parse(c.req.header('origin') ?? '');
  // An origin such as "file://" has no host, and neither has a request with an empty Host.
  if (origin === null || origin.host === '') return false;
  return origin.host === URL.parse(`${origin.protocol}//${findHost(c)}`)?.host;
}
