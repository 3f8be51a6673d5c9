import type { Context } from 'hono';
import type { AdminEnv } from '../admin-env.ts';
import { html } from './html.ts';
import { linkTo } from './link-to.ts';
import type { Html } from './show-page.ts';

/** The way to a user. */
export function showUserLink(c: Context<AdminEnv>, userId: string | null): Html | null {
  if (userId === null) return null;
  return html`<a href="${linkTo(c, `users/${encodeURIComponent(userId)}`)}"><code>${userId}</code></a>`;
}
