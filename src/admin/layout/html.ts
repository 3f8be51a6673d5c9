import { html as escapeHtml } from 'hono/html';
import { escapeButLines } from '../../text/escape-text.ts';
import type { Html } from './show-page.ts';

/**
 * HTML in which every value is escaped, and every character that can't be seen is shown as `\u{…}`: control characters, and
 * marks that change the direction of writing. A user chooses their own name, and a name must not look like another one. All
 * HTML of the operator's page is made here.
 *
 * @example
 * html`<p>${user.first_name}</p>`
 */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): Html {
  return escapeHtml(strings, ...values.map(showHidden));
}

function showHidden(value: unknown): unknown {
  if (typeof value === 'string') return escapeButLines(value);
  return Array.isArray(value) ? value.map(showHidden) : value;
}
