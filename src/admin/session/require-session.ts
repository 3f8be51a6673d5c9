import type { Context, MiddlewareHandler } from 'hono';
import { HttpError } from '../../http/http-error.ts';
import type { AdminEnv } from '../admin-env.ts';
import { html } from '../layout/html.ts';
import { linkTo } from '../layout/link-to.ts';
import { isReading } from './guards.ts';
import type { Sessions } from './sessions.ts';

/** Lets in who is signed in, and sends everybody else to the sign-in page. The API has asked for a token before. */
export function requireSession(sessions: Pick<Sessions, 'find'>, path: string): MiddlewareHandler<AdminEnv> {
  return async function requireSession(c, next) {
    if (c.get('viewer') !== undefined) return next();
    const viewer = await sessions.find(c);
    if (viewer !== undefined) {
      c.set('viewer', viewer);
      return next();
    }
    if (!isReading(c.req.method)) {
      throw new HttpError(401, 'signed_out', 'You are not signed in, or your session has ended. Sign in again.');
    }
    return askToSignIn(c, path);
  };
}

/**
 * A link on another site opens a page without the cookie, which is `SameSite=Strict`, and so would a redirect from there. A
 * page of ours that then opens the link by itself brings the cookie along. So people who are signed in see what it links to.
 */
function askToSignIn(c: Context<AdminEnv>, path: string) {
  const { pathname, search } = new URL(c.req.url);
  const to = encodeURIComponent(pathname.slice(path.length + 1) + search);
  const signIn = linkTo(c, `sign-in?to=${to}`);
  if (c.req.header('sec-fetch-site') !== 'cross-site') return c.redirect(signIn, 303);
  return c.html(html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>clerk-sync</title><meta http-equiv="refresh" content="0; url=${signIn}"></head>
<body><a href="${signIn}">Continue</a></body></html>`);
}
