import type { Context } from 'hono';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { ErrorStatus } from '../../http/http-error.ts';
import { version } from '../../version.ts';
import type { AdminEnv } from '../admin-env.ts';
import type { Assets } from '../assets/assets.ts';
import { html } from './html.ts';
import { linkTo } from './link-to.ts';
import { navigation } from './navigation.ts';
import { findNotice } from './notices.ts';

/** What `html` of Hono makes. Every value in it is escaped. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** One page, without what all pages have. */
export interface Page {
  /** The first heading, and the title of the window. */
  readonly title: string;
  /** Stands above the content and is not shown again: a form keeps what somebody types. */
  readonly form?: Html;
  /** Headings in it begin with `h2`. */
  readonly content: Html;
  /** Shown again every few seconds, if the browser runs the script. Not for pages with a form that somebody fills in. */
  readonly live?: boolean;
  /** Default: 200. */
  readonly status?: 200 | ErrorStatus;
}

/** Answers with a page. */
export type ShowPage = (c: Context<AdminEnv>, page: Page) => Response | Promise<Response>;

/** Makes the function that puts the frame around a page: title, navigation, notice and who is signed in. */
export function createShowPage(assets: Pick<Assets, 'urls'>): ShowPage {
  return async function showPage(c, { title, form, content, live = false, status = 200 }) {
    const asset = (name: string) => linkTo(c, `assets/${assets.urls[name]}`);
    const notice = findNotice(c.req.query('done'));
    return c.html(
      await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · clerk-sync</title>
<link rel="icon" href="${asset('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${asset('style.css')}">
<script type="module" src="${asset('page.js')}"></script>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
${makeHeader(c)}
<main id="content" tabindex="-1">
<div class="title"><h1>${title}</h1>${live ? LIVE_SWITCH : ''}</div>
${notice === undefined ? '' : html`<p class="notice${notice.isGood ? ' good' : ''}" role="status">${notice.text}</p>`}
${form ?? ''}
${live ? html`<div data-live>${content}</div>` : content}
</main>
${c.get('viewer') === undefined ? '' : html`<footer><p>clerk-sync ${version}</p></footer>`}
</body>
</html>`,
      status,
    );
  };
}

/** The script shows it: without the script it does nothing. */
const LIVE_SWITCH = html`<button type="button" class="switch" data-live-switch aria-pressed="true" hidden>Live</button>`;

function makeHeader(c: Context<AdminEnv>) {
  const viewer = c.get('viewer');
  if (viewer === undefined) return html`<header><span class="brand">clerk-sync</span></header>`;
  const here = findSection(c);
  const items = navigation.map(([path, label]) => {
    const current = path === here ? html` aria-current="page"` : '';
    return html`<li><a href="${linkTo(c, path)}"${current}>${label}</a></li>`;
  });
  return html`<header>
<a class="brand" href="${linkTo(c, 'overview')}">clerk-sync</a>
<nav aria-label="Pages"><ul>${items}</ul></nav>
<form method="post" action="${linkTo(c, 'sign-out')}" class="viewer">
<span>${viewer.actor}${viewer.role === 'reader' ? html` <span class="badge">may only look</span>` : ''}</span>
<button type="submit" class="plain">Sign out</button>
</form>
</header>`;
}

/** The first part of the path below that of the operator's page. */
function findSection(c: Context<AdminEnv>): string | undefined {
  const above = c.get('root').split('../').length;
  return c.req.path.split('/').at(-above);
}
