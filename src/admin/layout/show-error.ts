import type { Context } from 'hono';
import type { HttpError } from '../../http/http-error.ts';
import type { AdminEnv } from '../admin-env.ts';
import { html } from './html.ts';
import { linkTo } from './link-to.ts';
import type { ShowPage } from './show-page.ts';

/** Shows an error as a page: a sentence, the code, and the id under which the log has it. */
export function showError(c: Context<AdminEnv>, error: HttpError, showPage: ShowPage): Response | Promise<Response> {
  for (const [name, value] of Object.entries(error.headers)) c.header(name, value);
  const [target, label] = error.status === 401 ? ['sign-in', 'Sign in'] : ['overview', 'Back to the overview'];
  return showPage(c, {
    title: error.status === 404 ? 'Not found' : 'This did not work',
    status: error.status,
    content: html`<p class="notice bad" role="alert">${error.message}</p>
      <p class="quiet">Code <code>${error.code}</code> · request <code>${c.get('requestId')}</code></p>
      <p><a href="${linkTo(c, target)}">${label}</a></p>`,
  });
}
