import { formatAge } from '../../text/format-age.ts';
import { html } from './html.ts';
import type { Html } from './show-page.ts';

/** How long ago a moment was, with the moment itself in UTC for whoever points at it. */
export function showTime(moment: Date | null): Html | string {
  if (moment === null) return '–';
  const iso = moment.toISOString();
  return html`<time datetime="${iso}" title="${iso.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}">${formatAge(moment)}</time>`;
}
