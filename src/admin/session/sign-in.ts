import { type Context, Hono } from 'hono';
import { HttpError } from '../../http/http-error.ts';
import type { Log } from '../../log/log.ts';
import type { AdminEnv } from '../admin-env.ts';
import { readFields } from '../filters/query.ts';
import { html } from '../layout/html.ts';
import { linkTo } from '../layout/link-to.ts';
import type { ShowPage } from '../layout/show-page.ts';
import type { Attempts } from './attempts.ts';
import { findTransport } from './find-transport.ts';
import { readActor } from './read-actor.ts';
import { checkToken } from './require-token.ts';
import type { Sessions } from './sessions.ts';
import type { Tokens } from './tokens.ts';

/** What signing in needs. */
export interface SignInOptions {
  readonly tokens: Tokens;
  readonly attempts: Attempts;
  readonly sessions: Sessions;
  readonly showPage: ShowPage;
  readonly logger: Log;
}

/** The sign-in page and the way out. Both are open to everybody. */
export function createSignIn({ tokens, attempts, sessions, showPage, logger }: SignInOptions): Hono<AdminEnv> {
  const routes = new Hono<AdminEnv>();

  routes.get('/sign-in', async (c) => {
    if ((await sessions.find(c)) !== undefined) return c.redirect(chooseTarget(c), 303);
    return showPage(c, { title: 'Sign in', content: findTransport(c) === 'plain' ? makeHttpsNotice() : makeForm(c) });
  });

  routes.post('/sign-in', async (c) => {
    if (findTransport(c) === 'plain') throw new HttpError(403, 'https_required', HTTPS_REQUIRED);
    const read = await readFields(c);
    try {
      const role = checkToken(c, read('token')?.trim() ?? '', { tokens, attempts });
      await sessions.start(c, { role, actor: readActor(read('name')) });
      logger.info({ request_id: c.get('requestId'), role }, "somebody signed in to the operator's page");
      return c.redirect(chooseTarget(c), 303);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      const { status, code, message, headers } = error;
      logger.warn(
        { request_id: c.get('requestId'), reason: code },
        "somebody could not sign in to the operator's page",
      );
      c.header('retry-after', headers['retry-after']);
      return showPage(c, { title: 'Sign in', content: makeForm(c, message), status });
    }
  });

  routes.post('/sign-out', async (c) => {
    await sessions.end(c);
    return c.redirect(linkTo(c, 'sign-in?done=signed_out'), 303);
  });

  return routes;
}

const HTTPS_REQUIRED =
  'Signing in needs https, because the token would cross the network in plain text. If a proxy ends TLS, it must send "X-Forwarded-Proto: https".';

function makeHttpsNotice() {
  return html`<p class="notice bad" role="alert">${HTTPS_REQUIRED}</p>`;
}

/** Back to where they wanted to go. It stays below the page's own path, whatever the URL says. */
function chooseTarget(c: Context<AdminEnv>): string {
  const to = c.req.query('to') ?? '';
  return linkTo(c, /^[\w-]+(?:\/[\w-]+)*(?:\?[^#\\\p{Cc}]*)?$/u.test(to) ? to : 'overview');
}

function makeForm(c: Context<AdminEnv>, problem?: string) {
  const to = c.req.query('to');
  const action = to === undefined ? 'sign-in' : `sign-in?to=${encodeURIComponent(to)}`;
  return html`
    <form method="post" action="${linkTo(c, action)}" class="stack narrow">
      ${problem === undefined ? '' : html`<p class="notice bad" role="alert">${problem}</p>`}
      <label>Your name <input name="name" maxlength="80" autocomplete="username" placeholder="operator" aria-describedby="name-help"></label>
      <p id="name-help" class="quiet">Optional. The record of actions shows it.</p>
      <label>Token <input type="password" name="token" required autocomplete="current-password"></label>
      <button type="submit">Sign in</button>
    </form>
    <p class="quiet">The token is the value of <code>ADMIN_TOKEN</code>, or of <code>ADMIN_READONLY_TOKEN</code> if you only want to look.</p>`;
}
